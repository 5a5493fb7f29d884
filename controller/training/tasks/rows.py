"""Prepared rows, read from the data job's files."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from controller.errors import TrainingError
from specs.names import label_set

Row = dict[str, Any]


def read_rows(prepared: Path, split: str) -> list[Row]:
    """Rows of ``split`` (``train``, ``validation``), in file order; none when it has no file."""
    path = prepared / f"{split}.jsonl"
    if not path.is_file():
        return []
    with path.open() as lines:
        return [json.loads(line) for line in lines]


def read_training_rows(prepared: Path) -> list[Row]:
    """The training rows; TrainingError when there are none."""
    rows = read_rows(prepared, "train")
    if not rows:
        fix = "check data.train and what data.checks dropped; the data report has the counts"
        raise TrainingError("there are no training rows", reason="NoRows", fix=fix)
    return rows


def is_multi_label(rows: Sequence[Row]) -> bool:
    """Whether the rows carry sets of labels."""
    return bool(rows) and "labels" in rows[0]


def labels_of(row: Mapping[str, Any]) -> list[str]:
    """The labels of a row, be they one or many."""
    return row["labels"] if "labels" in row else [row["label"]]


def read_labels(prepared: Path) -> list[str]:
    """The labels, in the order of the logits."""
    labels: list[str] = json.loads((prepared / "labels.json").read_text())
    return labels


def check_labels(labels: Sequence[str], rows: Sequence[Row]) -> None:
    """Hold the training rows against the labels.

    Raises:
        TrainingError: When all rows have the same answer, or a label has no rows, or is not
            declared.
    """
    present = {label for row in rows for label in labels_of(row)}
    if len({tuple(labels_of(row)) for row in rows}) == 1:
        fix = "check data.columns.label, or add rows with other labels"
        problem = f"all {len(rows)} training rows carry the label {label_set(present)!r}"
        raise TrainingError(problem, reason="OneLabel", fix=fix)
    unknown = sorted(present - set(labels))
    if unknown:
        problem = f"training rows carry labels that labels.json does not name: {unknown[:5]}"
        raise TrainingError(problem, reason="LabelUnknown", fix="prepare the data again")
    empty = sorted(set(labels) - present)
    if empty:
        problem = f"no training row carries the labels {empty[:5]}, so they cannot be learnt"
        fix = "add training rows of them, or prepare the data again"
        raise TrainingError(problem, reason="LabelEmpty", fix=fix)
