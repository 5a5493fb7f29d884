"""Same and nearly same texts, by string alone. Pure.

Near twins are found by comparing every text with every other one whose length allows the
similarity at all. That is quadratic: cheap for some ten thousand short texts, and not done beyond
``MAX_WORK``, where it would cost more than the training that it guards.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from rapidfuzz.distance import Indel
from rapidfuzz.process import cdist

SIMILARITY = 90.0
"""Indel ratio, 0 to 100, from which two texts count as near twins."""
MAX_WORK = 20_000_000_000
"""Steps (``work_of``): about 25 CPU seconds at worst. 10,000 questions of a bank's customers take
a tenth of it, and a second."""
_CHUNK = 256
_MACHINE_WORD = 64
_SPACE = re.compile(r"\s+")
_NO_WORD = re.compile(r"[\W_]+")


def normalised(text: str) -> str:
    """Return the text without differences in white space."""
    return _SPACE.sub(" ", text).strip()


def folded(text: str) -> str:
    """Return the text without differences in case, punctuation, width and white space."""
    return _NO_WORD.sub(" ", unicodedata.normalize("NFKC", text).casefold()).strip()


def repeats(keys: Sequence[object]) -> dict[int, int]:
    """Map the index of every repeated key to the index where it stood first."""
    first: dict[object, int] = {}
    found: dict[int, int] = {}
    for index, key in enumerate(keys):
        if first.setdefault(key, index) != index:
            found[index] = first[key]
    return found


def conflicts(texts: Sequence[str], labels: Sequence[object]) -> dict[str, list[int]]:
    """Map each text that carries more than one label to the indices where it stands."""
    places: dict[str, list[int]] = {}
    for index, text in enumerate(texts):
        places.setdefault(text, []).append(index)
    return {
        text: indices
        for text, indices in places.items()
        if len(indices) > 1 and len({labels[index] for index in indices}) > 1
    }


def work_of(texts: Sequence[str], others: Sequence[str] | None = None) -> int:
    """Estimate the steps of finding near twins; ``others`` left out: among the texts themselves.

    A pair costs the length of one text times the machine words that hold the other.
    """
    steps = 0
    for block in _blocks(texts, others):
        longest = len(texts[block.mine[-1]])
        words = 1 + longest // _MACHINE_WORD
        steps += len(block.mine) * len(block.theirs) * longest * words
    return steps


def near_twins(texts: Sequence[str]) -> dict[int, int]:
    """Map the index of each text to the first earlier one that it nearly repeats, if any."""
    found: dict[int, int] = {}
    for index, other in _near_pairs(texts, None):
        later, earlier = max(index, other), min(index, other)
        if later != earlier:
            found[later] = min(found.get(later, earlier), earlier)
    return found


def near_matches(texts: Sequence[str], others: Sequence[str]) -> dict[int, int]:
    """Map the index of each text to the first of ``others`` that it nearly repeats, if any."""
    found: dict[int, int] = {}
    for index, other in _near_pairs(texts, others):
        found[index] = min(found.get(index, other), other)
    return found


@dataclass(frozen=True)
class _Block:
    """Indices of some texts of like length, and of all that could be their near twins."""

    mine: list[int]
    theirs: list[int]


def _blocks(texts: Sequence[str], others: Sequence[str] | None) -> Iterator[_Block]:
    """Cut the work by length; among themselves, texts meet only those that sort behind them."""
    mine = sorted(range(len(texts)), key=lambda index: len(texts[index]))
    pool = texts if others is None else others
    theirs = mine if others is None else sorted(range(len(pool)), key=lambda i: len(pool[i]))
    lengths = np.array([len(pool[index]) for index in theirs])
    # ratio = 1 - distance / (a + b) with distance >= |a - b|, so a >= s / (2 - s) * b.
    share = SIMILARITY / (200 - SIMILARITY)
    for start in range(0, len(mine), _CHUNK):
        chunk = mine[start : start + _CHUNK]
        shortest, longest = len(texts[chunk[0]]), len(texts[chunk[-1]])
        first = start if others is None else int(np.searchsorted(lengths, shortest * share))
        last = int(np.searchsorted(lengths, longest / share, "right"))
        yield _Block(chunk, theirs[first:last])


def _near_pairs(texts: Sequence[str], others: Sequence[str] | None) -> Iterator[tuple[int, int]]:
    """Yield index pairs of near texts; among themselves, a text meets itself as well."""
    pool = texts if others is None else others
    for block in _blocks(texts, others):
        scores = cdist(
            [texts[index] for index in block.mine],
            [pool[index] for index in block.theirs],
            scorer=Indel.normalized_similarity,
            score_cutoff=SIMILARITY / 100,
            dtype=np.float32,
        )
        pairs = zip(*np.nonzero(scores), strict=True)
        yield from ((block.mine[row], block.theirs[column]) for row, column in pairs)
