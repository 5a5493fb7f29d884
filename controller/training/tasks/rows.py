"""Prepared rows, read from the data job's files."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from controller.errors import TrainingError

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


def read_labels(prepared: Path) -> list[str]:
    """The labels, in the order of the logits."""
    labels: list[str] = json.loads((prepared / "labels.json").read_text())
    return labels


def check_labels(labels: Sequence[str], rows: Sequence[Row]) -> None:
    """Hold the training rows against the labels.

    Raises:
        TrainingError: When rows carry fewer than two labels, or one that is not declared.
    """
    present = {row["label"] for row in rows}
    if len(present) < 2:  # noqa: PLR2004  (one class leaves nothing to tell apart)
        fix = "check data.columns.label, or add rows with other labels"
        problem = f"all {len(rows)} training rows carry the label {next(iter(present))!r}"
        raise TrainingError(problem, reason="OneLabel", fix=fix)
    unknown = sorted(present - set(labels))
    if unknown:
        problem = f"training rows carry labels that labels.json does not name: {unknown[:5]}"
        raise TrainingError(problem, reason="LabelUnknown", fix="prepare the data again")
