"""Words of a text: what tokens add up to, and what kind of thing each is. Pure."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from controller.evaluation.predictors import Tokens
from controller.evaluation.scored_rows import FloatArray

Span = tuple[int, int]
"""First character, and the one behind the last."""
_WORD = re.compile(r"\w+(?:[-'\u2019./:@#]\w+)*|[^\w\s]+")
_LETTER, _DIGIT = re.compile(r"[^\W\d_]"), re.compile(r"\d")
_ADDRESS = re.compile(r"[@:/#]")


@dataclass(frozen=True)
class Word:
    """One word of a text, or a row of punctuation, and what it gave the answer."""

    text: str
    span: Span
    gradients: float
    """Integrated gradients, in log odds: the sum of its tokens'."""
    occlusion: float
    """What the answer's probability loses when its tokens are blanked one by one: the sum."""

    @property
    def plain(self) -> str:
        """As it is counted: case does not matter."""
        return self.text.casefold()


def spans_of(text: str) -> list[Span]:
    """Words and punctuation, in order; ``AB-12`` and ``a@b.org`` are one word each."""
    return [found.span() for found in _WORD.finditer(text)]


def plain_words(text: str) -> tuple[str, ...]:
    """The words of a text as they are counted."""
    return tuple(text[start:end].casefold() for start, end in spans_of(text))


def owners(tokens: Tokens, spans: Sequence[Span]) -> list[int | None]:
    """The word that each token lies in: the one it shares most characters with, if any."""
    return [
        None if token.is_special else _owner((token.start, token.end), spans) for token in tokens
    ]


def _owner(token: Span, spans: Sequence[Span]) -> int | None:
    shared = [min(token[1], end) - max(token[0], start) for start, end in spans]
    best = max(range(len(spans)), key=shared.__getitem__, default=None)
    return None if best is None or shared[best] <= 0 else best


def add_up(values: Sequence[float] | FloatArray, owned: Sequence[int | None], n: int) -> FloatArray:
    """Add tokens' values to the ``n`` words that they lie in."""
    found = np.zeros(n)
    for value, word in zip(values, owned, strict=True):
        if word is not None:
            found[word] += value
    return found


def kind_of(word: str) -> str | None:
    """What a word is that should decide nothing by itself: None for words of a language."""
    if not re.search(r"\w", word):
        return "punctuation"
    if not _DIGIT.search(word):
        return "id" if _ADDRESS.search(word) else None
    return "id" if _LETTER.search(word) or _ADDRESS.search(word) else "number"


def shares(words: Sequence[Word]) -> list[float]:
    """Each word's part of all that the words gave, for or against: between -1 and 1."""
    whole = sum(abs(word.gradients) for word in words)
    return [word.gradients / whole if whole else 0.0 for word in words]


def without(text: str, gone: Sequence[Span]) -> str:
    """Take words out of a text."""
    kept, at = [], 0
    for start, end in sorted(gone):
        kept.append(text[at:start])
        at = end
    return " ".join("".join((*kept, text[at:])).split())
