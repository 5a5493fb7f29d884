"""What noise costs: drop, flips and the worst case, each over the rows that it really changed."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from controller.evaluation.scored_rows import FloatArray
from controller.evaluation.studies.base import Bench
from controller.evaluation.studies.estimates import (
    change_of_means,
    change_of_rates,
    mean_of,
    rate_of,
)
from controller.evaluation.studies.robustness.copies import Copies, Copy
from controller.evaluation.studies.showing import answer_of, flipped, right_answer_of, shortened
from registry.records import Estimate

MAX_EXAMPLES = 10
RIGHT = {"correct": "accuracy", "exact_match": "exact_match"}
"""Field of a judged row that says whether the answer is right → the metric it makes."""


def measure_copies(
    bench: Bench, kind: str, copies: Copies
) -> tuple[dict[str, Estimate], dict[str, Any]]:
    """Measure one kind of noise; its metrics by name, and what the report says of it."""
    prefix = f"robustness.{kind}"
    right, metric = right_field(bench)
    before, after = _scores(bench, copies.rows, right)
    metrics = {f"{prefix}.{metric}_drop": change_of_rates(before, after)}
    if metric == "exact_match":
        gained = _scores(bench, copies.rows, "token_f1")
        metrics[f"{prefix}.token_f1_drop"] = change_of_means(*gained, lowest=-1.0)
        losses = _scores(bench, copies.rows, "loss")
        metrics[f"{prefix}.loss_rise"] = change_of_means(*losses[::-1])
    flips = np.array([flipped(bench.judged[one.place], one.after) for one in copies.rows], float)
    metrics[f"{prefix}.flip_rate"] = rate_of(flips)
    return metrics, {
        "changed": len(copies.rows),
        "rows": len(bench.counted),
        "examples": _examples(bench, copies.rows, right),
    }


def measure_worst(bench: Bench, kinds: Iterable[Copies]) -> dict[str, Estimate]:
    """Each counted row at its worst: as it is, or as any kind of noise wrote it."""
    copies = [one for found in kinds for one in (*found.rows, *found.more)]
    right, metric = right_field(bench)
    worst = {f"robustness.worst.{metric}": rate_of(_lowest(bench, copies, right))}
    if metric == "exact_match":
        worst["robustness.worst.token_f1"] = mean_of(_lowest(bench, copies, "token_f1"))
    return worst


def right_field(bench: Bench) -> tuple[str, str]:
    """The field of judged rows that says whether an answer is right, and its metric."""
    return next((field, metric) for field, metric in RIGHT.items() if field in bench.judged[0])


def _scores(bench: Bench, copies: Sequence[Copy], name: str) -> tuple[FloatArray, FloatArray]:
    return (
        np.array([bench.judged[one.place][name] for one in copies], dtype=np.float64),
        np.array([one.after[name] for one in copies], dtype=np.float64),
    )


def _lowest(bench: Bench, copies: Iterable[Copy], name: str) -> FloatArray:
    lowest = {place: float(bench.judged[place][name]) for place in bench.counted}
    for one in copies:
        lowest[one.place] = min(lowest[one.place], float(one.after[name]))
    return np.array(list(lowest.values()))


def _examples(bench: Bench, copies: Sequence[Copy], right: str) -> list[dict[str, Any]]:
    """Show answers that the noise made wrong, then others that it only changed."""
    found = [one for one in copies if flipped(bench.judged[one.place], one.after)]
    found.sort(key=lambda one: _gain(bench, one, right))
    return [
        {
            "row": bench.rows[one.place]["row"],
            "before": shortened(bench.predictor.question_of(bench.rows[one.place])),
            "after": shortened(one.question),
            "label": right_answer_of(bench.rows[one.place]),
            "predicted": answer_of(bench.judged[one.place]),
            "predicted_after": answer_of(one.after),
        }
        for one in found[:MAX_EXAMPLES]
    ]


def _gain(bench: Bench, one: Copy, right: str) -> float:
    return float(one.after[right]) - float(bench.judged[one.place][right])
