"""Rows and inspections for tests."""

from controller.data.inspection import Inspection
from controller.data.rows import Row
from controller.data.token_lengths import Reader
from specs.data import Checks

LOOSE = {"min_rows_per_label": 1, "learning_curve": "skip"}


class Words:
    """A tokenizer whose tokens are words."""

    def ids(self, texts):
        return [list(range(len(text.split()))) for text in texts]


READER = Reader("org/base", Words(), max_length=64)


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
    declared = Checks.model_validate(LOOSE | checks)
    return Inspection(splits, declared, task, reader=READER)
