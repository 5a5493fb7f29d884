"""The base as it is, measured on the rows of a version: for gates ``against: base``.

A causal language model answers as it came. A classifier's base has no answers of its own: it gets
the linear probe that the version's training started from, over the frozen base.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from controller.evaluation.evidence import Evidence, read_rows, rows_from
from controller.evaluation.predictors import JudgedRow
from controller.evaluation.report import as_json
from controller.evaluation.slices import measure_all, measure_slices
from registry.records import Estimate, EvaluationRecord

BASE_ROWS_FILE = "base_rows.jsonl"
BASE = "base"
"""Its part of the evaluation's report."""
AS_IT_IS = 0
"""Number that stands for the base where others have that of a version."""


def exclude_alike(judged: Sequence[JudgedRow], like: Sequence[JudgedRow]) -> None:
    """Leave out the rows that gates leave out of the version's own."""
    for line, other in zip(judged, like, strict=True):
        if "excluded" in other:
            line["excluded"] = other["excluded"]


def measure_as_it_is(
    metrics: Sequence[str], judged: Sequence[JudgedRow], *, labels: Sequence[str]
) -> dict[str, Any]:
    """Measure the base by those of ``metrics`` that are functions of the held-out rows."""
    counted = rows_from(judged, labels=labels).counted
    slices = measure_slices(metrics, counted)
    return {
        "metrics": as_json(measure_all(metrics, counted)),
        "slices": {name: as_json(found) for name, found in slices.items()},
    }


def evidence_as_it_is(record: EvaluationRecord, rows: bytes) -> Evidence:
    """Put the base's part of a stored evaluation and its ``base_rows.jsonl`` together."""
    found = record.report[BASE]
    labels = record.report.get("labels", ())
    return Evidence(
        AS_IT_IS,
        _estimates(found["metrics"]),
        {name: _estimates(inside) for name, inside in found["slices"].items()},
        read_rows(rows.splitlines(), labels=labels),
    )


def _estimates(measured: Mapping[str, Any]) -> dict[str, Estimate]:
    return {name: Estimate(**value) for name, value in measured.items()}
