"""What every task's predictor does: turn prepared rows into judged rows."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

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
    """One version, loaded, of one task. It answers nothing twice."""

    def judge(self, rows: Sequence[PreparedRow], tell: Tell) -> list[JudgedRow]:
        """Predict every row and hold it against its answer; in the order of ``rows``."""

    def text_of(self, row: PreparedRow) -> str:
        """What live traffic would ask to get this row."""

    def question_of(self, row: PreparedRow) -> str:
        """The part of ``text_of`` that may be written differently: the text, or last question."""

    def rewritten(self, row: PreparedRow, question: str) -> PreparedRow:
        """The row with another question, and the same right answer."""

    @property
    def asked(self) -> int:
        """How many different questions the version was asked so far."""


@runtime_checkable
class KnowsChances(Protocol):
    """A predictor of labels: what it gives each label can be asked for without rows."""

    @property
    def labels(self) -> list[str]:
        """The labels, in the order of the columns of ``chances_of``."""

    def chances_of(self, texts: Sequence[str], tell: Tell) -> NDArray[np.float32]:
        """Probability of each label for each text, [texts, labels]."""


@dataclass(frozen=True)
class Token:
    """One token of a text."""

    number: int
    """Its id."""
    start: int
    end: int
    """The characters of the text that it stands for."""
    is_special: bool
    """Whether the tokenizer has added it."""


Tokens = tuple[Token, ...]
"""A text as a version sees it."""


@dataclass(frozen=True)
class Explained:
    """What each token of a text gives an answer."""

    values: NDArray[np.float64]
    """Of each token."""
    gap: float
    """What the values should add up to: the score of the text less that of its baseline."""
    delta: float
    """How far their sum is from it."""


@runtime_checkable
class Explains(KnowsChances, Protocol):
    """A predictor of labels that can say which tokens its answers come from."""

    @property
    def blank(self) -> tuple[int, str]:
        """Id and name of the token that stands for no word."""

    def tokens_of(self, texts: Sequence[str]) -> list[Tokens]:
        """The tokens of each text that the version sees."""

    def chances_of_ids(self, rows: Sequence[Sequence[int]], tell: Tell) -> NDArray[np.float32]:
        """Probability of each label for texts as their token ids, [rows, labels]."""

    def gradients_of(
        self, texts: Sequence[str], columns: Sequence[int], tell: Tell
    ) -> list[Explained]:
        """What each token gives the log odds of the label in a column of ``chances_of``."""


@runtime_checkable
class KnowsLosses(Protocol):
    """A predictor that can say how well it knows rows without answering them."""

    def losses_of(self, rows: Sequence[PreparedRow]) -> list[float]:
        """The loss of each row's wanted answer, as ``judge`` finds it."""


@runtime_checkable
class Writes(Protocol):
    """A predictor of texts that answers prompts of any origin."""

    def write(self, prompts: Sequence[str], *, max_new_tokens: int) -> list[str]:
        """The answer to each prompt."""

    def likelihoods_of(
        self, prompts: Sequence[str], answers: Sequence[str]
    ) -> list[tuple[float, bool]]:
        """Log-probability of each answer to its prompt, and whether ``write`` would give it."""


def judged(row: PreparedRow, text: str) -> JudgedRow:
    """Start a judged row with what all tasks share.

    ``key`` names the content, so that two evaluations pair their rows only where the data behind
    one row number is still the same.
    """
    key = blake2b(text.encode(), digest_size=6).hexdigest()
    return {"row": row["row"], "key": key, "slices": dict(row.get("slices", {}))}
