"""Would more data or better data pay? Pure."""

from typing import Any

from controller.data.inspection import Inspection
from controller.data.rows import CLASSIFICATION


def check_learning_curve(inspection: Inspection) -> None:
    """Measure a learning curve over the rows that remain, and say what it means."""
    if inspection.task != CLASSIFICATION or inspection.checks.learning_curve == "skip":
        return
    from controller.data.learning_curve import MIN_ROWS, advise, draw  # noqa: PLC0415  (scikit-learn)

    rows = inspection.rows["train"]
    curve = draw([row.text for row in rows], [row.classes for row in rows], seed=inspection.seed)
    if curve is None:
        message = f"no learning curve: it takes {MIN_ROWS} training rows and two labels"
        inspection.skipped("learning_curve", "train", message)
        return
    wrong = _wrong_labels(inspection)
    verdict, said = advise(curve, wrong)
    fact = curve.as_json() | {"wrong_labels": wrong, "verdict": verdict, "said": said}
    inspection.measured("learning_curve", fact)


def _wrong_labels(inspection: Inspection) -> float | None:
    fact: dict[str, Any] = inspection.facts.get("label_issues") or {}
    rate = fact.get("estimated_rate")
    return None if rate is None else float(rate)
