"""What every task's predictor does: turn prepared rows into judged rows."""

from collections.abc import Callable, Mapping, Sequence
from hashlib import blake2b
from typing import Any, Protocol, runtime_checkable

PreparedRow = Mapping[str, Any]
"""A line of a prepared ``train.jsonl``, ``validation.jsonl`` or ``test.jsonl``."""
JudgedRow = dict[str, Any]
"""A line of ``rows.jsonl``: ``row``, ``key``, ``slices``, and the task's own fields.

Classification has ``label``, ``predicted``, ``score``, ``correct``, ``loss``; multi-label has
lists, ``labels`` and ``predicted``, and ``correct`` means the whole set; generation has
``loss``, ``exact_match``, ``token_f1``, ``generated``.
"""
Tell = Callable[[int, int], None]
"""Told (rows done, rows in all) as the work goes on."""


class Predictor(Protocol):
    """One version, loaded, of one task."""

    def judge(self, rows: Sequence[PreparedRow], tell: Tell) -> list[JudgedRow]:
        """Predict every row and hold it against its answer; in the order of ``rows``."""

    def text_of(self, row: PreparedRow) -> str:
        """What live traffic would ask to get this row."""


@runtime_checkable
class KnowsLosses(Protocol):
    """A predictor that can say how well it knows rows without answering them."""

    def losses_of(self, rows: Sequence[PreparedRow]) -> list[float]:
        """The loss of each row's wanted answer, as ``judge`` finds it."""


def judged(row: PreparedRow, text: str) -> JudgedRow:
    """Start a judged row with what all tasks share.

    ``key`` names the content, so that two evaluations pair their rows only where the data behind
    one row number is still the same.
    """
    key = blake2b(text.encode(), digest_size=6).hexdigest()
    return {"row": row["row"], "key": key, "slices": dict(row.get("slices", {}))}
