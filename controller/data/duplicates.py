"""Same and nearly same texts, by string alone. Pure.

Two folded texts are near twins when they differ by few letters, when they hold the same words in
another order, or when one is the other behind a greeting. Letters are compared for all pairs whose
lengths allow the likeness at all; that is quadratic, and beyond ``MAX_WORK`` only the candidates of
MinHash are compared.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from rapidfuzz.distance import Indel
from rapidfuzz.process import cdist, cpdist

from controller.data.minhash import candidates

SIMILARITY = 90.0
"""Indel ratio, 0 to 100, from which two texts count as near twins."""
MAX_WORK = 3_000_000_000
"""Steps (``work_of``) of comparing all pairs: a few CPU seconds."""
GREETING_WORDS = 3
"""Words before a text that do not make it another one."""
_LEAST_WORDS = 4
"""Shorter texts say another thing with one word more, or in another order."""
_CHUNK = 256
_VERIFIED_AT_ONCE = 200_000
_MACHINE_WORD = 64

Method = Literal["all pairs", "minhash"]


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
    first: dict[str, int] = {}
    twice = {
        text
        for index, text in enumerate(texts)
        if labels[first.setdefault(text, index)] != labels[index]
    }
    places: dict[str, list[int]] = {}
    for index, text in enumerate(texts):
        if text in twice:
            places.setdefault(text, []).append(index)
    return places


def method_for(texts: Sequence[str]) -> Method:
    """Choose how letters are compared: all pairs wherever that is affordable."""
    return "all pairs" if work_of(texts) <= MAX_WORK else "minhash"


def near_twins(texts: Sequence[str], *, known: int | None = None) -> dict[int, int]:
    """Map the index of each text to an earlier one that it nearly repeats, if any.

    All pairs: the first of them. MinHash: the first of those that were compared.

    Args:
        texts: Folded texts.
        known: So many texts at the start are those that the rest must not repeat (training rows
            before held-out ones); None: all are alike.
    """
    first = len(texts) if known is None else known
    pairs = _all_pairs(texts) if method_for(texts) == "all pairs" else _likely_pairs(texts, first)
    found: dict[int, int] = {}
    for index, other in (*pairs, *_reordered(texts), *_greeted(texts)):
        later, earlier = max(index, other), min(index, other)
        if later != earlier:
            found[later] = min(found.get(later, earlier), earlier)
    return found


def work_of(texts: Sequence[str]) -> int:
    """Estimate the steps of comparing all pairs.

    A pair costs the length of one text times the machine words that hold the other.
    """
    lengths = np.sort([len(text) for text in texts])
    steps = 0
    for block in _blocks(lengths):
        longest = int(lengths[block.stop - 1])
        words = 1 + longest // _MACHINE_WORD
        steps += (block.stop - block.start) * (block.reach - block.start) * longest * words
    return steps


@dataclass(frozen=True)
class _Block:
    """Some texts in the order of their lengths, and all longer ones that could be near twins."""

    start: int
    stop: int
    reach: int


def _blocks(lengths: Any) -> Iterator[_Block]:
    """Cut the work by length; texts meet only those that sort behind them."""
    # ratio = 1 - distance / (a + b) with distance >= |a - b|, so a >= s / (2 - s) * b.
    share = SIMILARITY / (200 - SIMILARITY)
    for start in range(0, len(lengths), _CHUNK):
        stop = min(start + _CHUNK, len(lengths))
        reach = int(np.searchsorted(lengths, lengths[stop - 1] / share, "right"))
        yield _Block(start, stop, reach)


def _all_pairs(texts: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Yield the index pairs of near texts; a text meets itself as well."""
    order = sorted(range(len(texts)), key=lambda index: len(texts[index]))
    for block in _blocks(np.array([len(texts[index]) for index in order])):
        mine, theirs = order[block.start : block.stop], order[block.start : block.reach]
        scores = cdist(
            [texts[index] for index in mine],
            [texts[index] for index in theirs],
            scorer=Indel.normalized_similarity,
            score_cutoff=SIMILARITY / 100,
            dtype=np.float32,
        )
        pairs = zip(*np.nonzero(scores), strict=True)
        yield from ((mine[row], theirs[column]) for row, column in pairs)


def _likely_pairs(texts: Sequence[str], first: int) -> Iterator[tuple[int, int]]:
    """Yield the candidates of MinHash that are near; a text that has its twin meets no more."""
    lengths = np.array([len(text) for text in texts], np.int32)
    share = SIMILARITY / (200 - SIMILARITY)
    done = np.zeros(len(texts), bool)
    for later, earlier in candidates(texts, first):
        shorter = np.minimum(lengths[later], lengths[earlier])
        longer = np.maximum(lengths[later], lengths[earlier])
        left = np.nonzero(~done[later] & (shorter >= share * longer))[0]
        for start in range(0, len(left), _VERIFIED_AT_ONCE):
            some = left[start : start + _VERIFIED_AT_ONCE]
            near = some[_are_near(texts, later[some], earlier[some])]
            done[later[near][(later[near] < first) | (earlier[near] < first)]] = True
            yield from zip(later[near].tolist(), earlier[near].tolist(), strict=True)


def _are_near(texts: Sequence[str], mine: Any, theirs: Any) -> Any:
    scores = cpdist(
        [texts[index] for index in mine.tolist()],
        [texts[index] for index in theirs.tolist()],
        scorer=Indel.normalized_similarity,
        score_cutoff=SIMILARITY / 100,
        dtype=np.float32,
    )
    return scores > 0


def _reordered(texts: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Yield pairs with the same words in another order."""
    first: dict[int, int] = {}
    for index, text in enumerate(texts):
        words = text.split(" ")
        if len(words) >= _LEAST_WORDS:
            words.sort()
            key = hash(tuple(words))
            if first.setdefault(key, index) != index:
                yield index, first[key]


def _greeted(texts: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Yield pairs of a text and the same behind up to ``GREETING_WORDS`` words."""
    first: dict[str, int] = {}
    for index, text in enumerate(texts):
        first.setdefault(text, index)
    for index, text in enumerate(texts):
        rest = text
        for _ in range(GREETING_WORDS):
            rest = rest.partition(" ")[2]
            if rest.count(" ") < _LEAST_WORDS - 1:
                break
            if rest in first:
                yield index, first[rest]
