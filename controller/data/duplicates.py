"""Same and nearly same texts, by string alone. Pure.

Near twins are found by comparing every text with every other one whose length allows the
similarity at all. That is quadratic: cheap for some ten thousand short texts, and refused beyond
(``can_compare``), where it would cost more than the training that it guards.
"""

import re
import statistics
import unicodedata
from collections.abc import Iterator, Sequence

import numpy as np
from rapidfuzz.distance import Indel
from rapidfuzz.process import cdist

SIMILARITY = 90.0
"""Indel ratio, 0 to 100, from which two texts count as near twins."""
MAX_TEXTS = 20_000
MAX_MEDIAN_CHARACTERS = 100
_CHUNK = 256
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


def conflicts(texts: Sequence[str], labels: Sequence[str]) -> dict[str, list[int]]:
    """Map each text that carries more than one label to the indices where it stands."""
    places: dict[str, list[int]] = {}
    for index, text in enumerate(texts):
        places.setdefault(text, []).append(index)
    return {
        text: indices
        for text, indices in places.items()
        if len(indices) > 1 and len({labels[index] for index in indices}) > 1
    }


def can_compare(*groups: Sequence[str]) -> bool:
    """Whether comparing all pairs is affordable: short texts, and not too many."""
    lengths = [len(text) for texts in groups for text in texts]
    return (
        all(len(texts) <= MAX_TEXTS for texts in groups)
        and statistics.median(lengths or [0]) <= MAX_MEDIAN_CHARACTERS
    )


def near_twins(texts: Sequence[str]) -> dict[int, int]:
    """Map the index of each text to an earlier one that it nearly repeats, where there is one."""
    found: dict[int, int] = {}
    for index, other in _near_pairs(texts, texts):
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


def _near_pairs(texts: Sequence[str], others: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Yield index pairs of near texts; with one sequence twice, each text meets itself as well."""
    mine = sorted(range(len(texts)), key=lambda index: len(texts[index]))
    theirs = sorted(range(len(others)), key=lambda index: len(others[index]))
    lengths = np.array([len(others[index]) for index in theirs])
    # ratio = 1 - distance / (a + b) with distance >= |a - b|, so a >= s / (2 - s) * b.
    share = SIMILARITY / (200 - SIMILARITY)
    for start in range(0, len(mine), _CHUNK):
        chunk = mine[start : start + _CHUNK]
        low = len(texts[chunk[0]]) * share
        high = len(texts[chunk[-1]]) / share
        window = theirs[np.searchsorted(lengths, low) : np.searchsorted(lengths, high, "right")]
        scores = cdist(
            [texts[index] for index in chunk],
            [others[index] for index in window],
            scorer=Indel.normalized_similarity,
            score_cutoff=SIMILARITY / 100,
            dtype=np.float32,
        )
        rows, columns = np.nonzero(scores)
        yield from ((chunk[row], window[column]) for row, column in zip(rows, columns, strict=True))
