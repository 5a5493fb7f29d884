"""How studies show rows: short, in words, and the same for every task. Pure."""

from typing import Any

from controller.evaluation.answers import is_exact_match
from controller.evaluation.predictors import JudgedRow, PreparedRow
from specs.names import label_set

MAX_CHARACTERS = 300


def shortened(text: str) -> str:
    """Cut a text that is too long to be read in a table."""
    return text if len(text) <= MAX_CHARACTERS else text[: MAX_CHARACTERS - 1] + "…"


def answer_of(judged: JudgedRow) -> str:
    """What the version answered: a label, a set of them, or a text."""
    return _words(judged["generated"] if "generated" in judged else judged["predicted"])


def right_answer_of(row: PreparedRow) -> str:
    """What it should have answered."""
    return _words(next(row[name] for name in ("label", "labels", "completion") if name in row))


def flipped(before: JudgedRow, after: JudgedRow) -> bool:
    """Whether the version answers otherwise; texts as exact match compares them."""
    if "generated" in before:
        return not is_exact_match(after["generated"], before["generated"])
    return bool(before["predicted"] != after["predicted"])


def _words(value: Any) -> str:
    return label_set(value) if isinstance(value, list) else shortened(str(value))
