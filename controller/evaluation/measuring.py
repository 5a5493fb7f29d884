"""From judged rows to metrics, slices and report: what an evaluation does without a model. Pure."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np

from controller.errors import EvaluationError
from controller.evaluation.evidence import rows_from
from controller.evaluation.predictors import JudgedRow
from controller.evaluation.report import as_json, excluded_counts, report_on_rows
from controller.evaluation.scored_rows import ScoredRows
from controller.evaluation.slices import measure_all, measure_slices
from registry.records import Estimate


def measure_rows(
    metrics: Sequence[str],
    judged: Mapping[str, Sequence[JudgedRow]],
    *,
    labels: Sequence[str],
    derived: Mapping[str, Estimate],
    near_twins: Collection[int] = (),
) -> dict[str, Any]:
    """Measure test and validation rows; gates judge the rows that are not excluded.

    Args:
        metrics: What is wanted, by name.
        judged: The judged rows of ``test`` and ``validation``.
        labels: The labels that the version knows, in its order; none for generation.
        derived: Those of ``metrics`` that are no function of the held-out rows alone.
        near_twins: Places of the test rows that nearly repeat a training row, also where gates
            judge them.

    Returns:
        The content of ``metrics.json``.

    Raises:
        EvaluationError: A metric has no value on these rows.
    """
    everything = rows_from(judged["test"], labels=labels)
    validation = rows_from(judged["validation"], labels=labels)
    counted = everything.counted
    found = {**measure_all(metrics, counted), **derived}
    _refuse_missing(metrics, found, counted)
    excluded = excluded_counts(judged["test"])
    report = report_on_rows(counted) | {
        "labels": list(labels),
        "test_rows": len(everything),
        "excluded": excluded,
        "near_twins": len(near_twins),
        "validation": as_json(measure_all(metrics, validation)),
    }
    if excluded:
        report["all_rows"] = as_json(measure_all(metrics, everything))
    elif 0 < len(near_twins) < len(everything):
        clean = [index for index in range(len(everything)) if index not in near_twins]
        rest = everything.select(np.array(clean, dtype=np.int64))
        report["clean_rows"] = as_json(measure_all(metrics, rest))
    slices = measure_slices(metrics, counted)
    return {
        "metrics": as_json({name: found[name] for name in metrics}),
        "slices": {name: as_json(inside) for name, inside in slices.items()},
        "report": report,
    }


def _refuse_missing(
    metrics: Sequence[str], found: Mapping[str, Estimate], rows: ScoredRows
) -> None:
    missing = [name for name in metrics if name not in found]
    if missing:
        raise EvaluationError(
            f"{', '.join(missing)} has no value on these {len(rows):,} test rows: it compares the "
            "rows of one label with others, and all have the same",
            reason="OneLabelOnly",
            fix=f"add test rows of other labels, or leave {missing[0]} out of evaluation.metrics",
        )
