"""The evaluation report: everything worth showing beside the metrics that gates judge. Pure."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from controller.evaluation.calibration import reliability
from controller.evaluation.intervals import wilson, wilson_f1
from controller.evaluation.macro import per_label_counts
from controller.evaluation.predictors import JudgedRow
from controller.evaluation.ranking import areas_by_label
from controller.evaluation.scored_rows import ScoredRows
from controller.evaluation.slices import values_left_out
from registry.records import Estimate
from specs.names import label_set

MAX_CONFUSIONS = 50
MAX_EXAMPLES = 20
WORST = ("row", "label", "predicted", "score")


def as_json(estimates: Mapping[str, Estimate]) -> dict[str, dict[str, Any]]:
    """Write estimates by name."""
    return {name: asdict(estimate) for name, estimate in estimates.items()}


def excluded_counts(rows: Sequence[JudgedRow]) -> dict[str, int]:
    """Count the rows that gates leave out, by reason."""
    return dict(Counter(row["excluded"] for row in rows if "excluded" in row))


def report_on_rows(rows: ScoredRows) -> dict[str, Any]:
    """Describe the rows that gates judge: per label, what was confused, what was left out."""
    report: dict[str, Any] = {
        "rows": len(rows),
        "slice_values_left_out": dict(values_left_out(rows)),
    }
    if rows.right_sets is not None:
        return report | {"per_label": _per_label(rows)}
    if rows.labels is None:
        return report
    return report | {
        "per_label": _per_label(rows),
        "confusion": _confusion(rows),
        "calibration": reliability(rows),
    }


def worst_rows(judged: Sequence[JudgedRow], texts: Sequence[str]) -> list[dict[str, Any]]:
    """Show the wrong answers with the highest loss: often labels that are wrong themselves."""
    wrong = [
        (row["loss"], row, text)
        for row, text in zip(judged, texts, strict=True)
        if row.get("correct") is False
    ]
    wrong.sort(key=lambda item: (-item[0], item[1]["row"]))
    return [
        {"text": text, **{name: _in_words(row.get(name, row.get("labels"))) for name in WORST}}
        for _loss, row, text in wrong[:MAX_EXAMPLES]
    ]


def _in_words(value: Any) -> Any:
    return label_set(value) if isinstance(value, list) else value


def _per_label(rows: ScoredRows) -> dict[str, dict[str, Any]]:
    """Each label's precision, recall and F1 with Wilson's intervals, and ROC-AUC with DeLong's."""
    hits, right, predicted = (counts.tolist() for counts in per_label_counts(rows))
    areas = areas_by_label(rows)
    table = {}
    for index, name in enumerate(rows.names):
        found, support, answers = hits[index], right[index], predicted[index]
        occurs = support + answers
        table[name] = {
            "n": support,
            "predicted": answers,
            **_with_ends("precision", _rate(found, answers)),
            **_with_ends("recall", _rate(found, support)),
            "f1": 2 * found / occurs if occurs else 0.0,
        }
        low, high = wilson_f1(found, support, answers) if occurs else (0.0, 1.0)
        table[name] |= {"f1_low": low, "f1_high": high}
        if name in areas:
            table[name] |= _with_ends("roc_auc", areas[name])
    return table


def _rate(part: int, whole: int) -> tuple[float, float, float]:
    """A rate with its ends; of nothing, 0 and everything between."""
    return (part / whole, *wilson(part / whole, whole)) if whole else (0.0, 0.0, 1.0)


def _with_ends(name: str, found: tuple[float, float, float]) -> dict[str, float]:
    value, low, high = found
    return {name: value, f"{name}_low": low, f"{name}_high": high}


def _confusion(rows: ScoredRows) -> dict[str, Any]:
    """Return the matrix as its cells that are not zero, and the confusions by count."""
    assert rows.labels is not None
    assert rows.predicted is not None
    pairs = zip(rows.labels.tolist(), rows.predicted.tolist(), strict=True)
    cells = sorted(Counter(pairs).items(), key=lambda item: (-item[1], item[0]))
    confused = [
        {"label": rows.names[label], "predicted": rows.names[predicted], "count": count}
        for (label, predicted), count in cells
        if label != predicted
    ]
    return {
        "labels": list(rows.names),
        "cells": [[label, predicted, count] for (label, predicted), count in sorted(cells)],
        "most_confused": confused[:MAX_CONFUSIONS],
    }
