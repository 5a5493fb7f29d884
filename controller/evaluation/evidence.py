"""Evidence: a stored evaluation in the form that gates judge."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from controller.errors import EvaluationError
from controller.evaluation.chances import CHANCES, unpacked
from controller.evaluation.scored_rows import FloatArray, ScoredRows
from registry.records import Estimate, EvaluationRecord

ROWS_FILE = "rows.jsonl"
_TEXT_FIELDS = frozenset({"label", "labels", "predicted", "key", "excluded"})


@dataclass(frozen=True)
class Evidence:
    """What is known of one version on one set of held-out rows."""

    version: int
    metrics: Mapping[str, Estimate]
    slices: Mapping[str, Mapping[str, Estimate]]
    """``family=value`` → metric → estimate."""
    rows: ScoredRows


def evidence_of(record: EvaluationRecord, rows: bytes) -> Evidence:
    """Put a stored evaluation and the content of its ``rows.jsonl`` together.

    Raises:
        EvaluationError: The rows are not what an evaluation writes.
    """
    labels = record.report.get("labels", ())
    found = read_rows(rows.splitlines(), labels=labels)
    return Evidence(record.version, record.metrics, record.slices, found)


def read_rows(lines: Iterable[bytes | str], *, labels: Sequence[str] = ()) -> ScoredRows:
    """Read the lines of a ``rows.jsonl``; see ``rows_from``.

    Raises:
        EvaluationError: A line is not what an evaluation writes.
    """
    try:
        return rows_from([json.loads(line) for line in lines if line.strip()], labels=labels)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        problem = f"{ROWS_FILE} of a stored evaluation cannot be read: {error!r}"
        raise EvaluationError(problem, fix="evaluate the version again") from error


def rows_from(lines: Sequence[dict[str, Any]], *, labels: Sequence[str] = ()) -> ScoredRows:
    """Turn judged rows, as they stand in ``rows.jsonl``, into arrays.

    ``labels`` are those that the version knows, in its own order; with them, the probabilities are
    read as well, where they were kept.
    """
    first = lines[0] if lines else {}
    numbers = [
        name
        for name, value in first.items()
        if isinstance(value, bool | int | float) and name not in _TEXT_FIELDS | {"row"}
    ]
    families = list(first.get("slices", {}))
    scores: dict[str, FloatArray] = {
        name: np.array([float(line[name]) for line in lines]) for name in numbers
    }
    rows = ScoredRows(
        keys=tuple(f"{line['row']}:{line['key']}" for line in lines),
        scores=scores,
        slices={family: tuple(line["slices"][family] for line in lines) for family in families},
        excluded=np.array(["excluded" in line for line in lines], dtype=np.bool_),
    )
    if labels and CHANCES in first:
        found = unpacked([line[CHANCES] for line in lines], len(labels))
        rows = replace(rows, known=tuple(labels), chances=found)
    if "labels" in first:
        return _with_sets(rows, lines)
    return _with_labels(rows, lines) if "label" in first else rows


def _with_sets(rows: ScoredRows, lines: Sequence[dict[str, Any]]) -> ScoredRows:
    names = sorted({name for line in lines for name in (*line["labels"], *line["predicted"])})
    code = {name: index for index, name in enumerate(names)}
    sets = {part: np.zeros((len(lines), len(names)), np.bool_) for part in ("labels", "predicted")}
    for part, found in sets.items():
        for index, line in enumerate(lines):
            found[index, [code[name] for name in line[part]]] = True
    return replace(
        rows, names=tuple(names), right_sets=sets["labels"], predicted_sets=sets["predicted"]
    )


def _with_labels(rows: ScoredRows, lines: Sequence[dict[str, Any]]) -> ScoredRows:
    names = tuple(sorted({line[part] for line in lines for part in ("label", "predicted")}))
    code = {name: index for index, name in enumerate(names)}
    labels, predicted = (
        np.array([code[line[part]] for line in lines], dtype=np.int64)
        for part in ("label", "predicted")
    )
    return replace(
        rows,
        scores={**rows.scores, "correct": (labels == predicted).astype(np.float64)},
        names=names,
        labels=labels,
        predicted=predicted,
    )
