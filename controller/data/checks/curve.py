"""Would more data or better data pay? Pure."""

from typing import Any

from controller.data.inspection import Inspection
from controller.data.rows import CLASSIFICATION


def check_learning_curve(inspection: Inspection) -> None:
    """Measure a learning curve over the rows that remain, and say what it means."""
    if inspection.task != CLASSIFICATION or inspection.checks.learning_curve == "skip":
        return
    from controller.data.learning_curve import (  # noqa: PLC0415  (scikit-learn)
        MIN_ROWS,
        Gain,
        advise,
        draw,
    )

    rows = inspection.rows["train"]
    curve = draw([row.text for row in rows], [row.classes for row in rows], seed=inspection.seed)
    if curve is None:
        message = f"no learning curve: it takes {MIN_ROWS} training rows and two labels"
        inspection.skipped("learning_curve", "train", message)
        return
    wrong = _wrong_labels(inspection)
    share = None if wrong is None else Gain(wrong["value"], wrong["low"], wrong["high"])
    verdict, said = advise(curve, share)
    fact = curve.as_json() | {"wrong_labels": wrong, "verdict": verdict, "said": said}
    inspection.measured("learning_curve", fact)


def _wrong_labels(inspection: Inspection) -> dict[str, Any] | None:
    """The estimated share of wrong labels with its interval, where it was estimated."""
    fact: dict[str, Any] = inspection.facts.get("label_issues") or {}
    rate: dict[str, Any] | None = fact.get("estimated_rate")
    return rate
