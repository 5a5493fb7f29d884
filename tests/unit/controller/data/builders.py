"""Rows and inspections for tests."""

from controller.data.inspection import Inspection
from controller.data.rows import Row
from specs.data import Checks

LOOSE = {"min_rows_per_label": 1}


def rows(*pairs: tuple[str, str]) -> list[Row]:
    """Rows of (text, label), numbered from 1."""
    return [Row(number, text, label, {}) for number, (text, label) in enumerate(pairs, start=1)]


def inspection(
    train: list[Row],
    test: list[Row],
    *,
    validation: list[Row] | None = None,
    task: str = "text-classification",
    **checks: object,
) -> Inspection:
    """An inspection of these rows; checks not named are as declared by default."""
    splits = {"train": train, "test": test}
    if validation is not None:
        splits["validation"] = validation
    return Inspection(splits, Checks.model_validate(LOOSE | checks), task)
