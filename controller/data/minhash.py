"""Candidates for near twins among more texts than all pairs can be compared of. Pure.

MinHash (Broder, 1997): two texts agree in one hash with the probability that is the share of their
common shingles. Hashes are banded (Leskovec et al., *Mining of Massive Datasets*, ch. 3): texts
with all hashes of a band in common are in one bucket. Within a bucket a text meets its nearest
neighbours and the bucket's first member, never all of them: so the work stays linear where a
thousand rows are alike. What is yielded still has to be verified.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from controller.data.shingles import Letters

Indices = NDArray[np.int64]

BANDS = 20
HASHES_PER_BAND = 4
"""A pair with 0.6 of its shingles in common is met in 94 of 100 cases, one with 0.3 in 15."""
_NEIGHBOURS = 2
_BLOCK = 20_000
_SHORT, _MIDDLE = 100, 1000
_SEED = 20_261_124


def candidates(texts: Sequence[str], first: int) -> Iterator[tuple[Indices, Indices]]:
    """Yield pairs (later, earlier) of indices, a band at a time; a pair may come more than once.

    Args:
        texts: Folded texts.
        first: Texts before this index are met in any case by those after it: a held-out text is
            compared with training texts, even where other held-out ones stand nearer.
    """
    if not texts:
        return
    for keys in _band_keys(texts):
        order = np.argsort(keys, kind="stable")
        yield from _pairs_of(keys[order], order, first)


def _pairs_of(keys: Any, order: Indices, first: int) -> Iterator[tuple[Indices, Indices]]:
    """Pair up the members of each bucket; they stand together, in the order of their indices."""
    places = np.arange(len(keys))
    opens = np.ones(len(keys), bool)
    opens[1:] = keys[1:] != keys[:-1]
    start = np.maximum.accumulate(np.where(opens, places, 0))
    known = np.cumsum(order < first)
    before: Indices = known[start] - (order[start] < first)
    last_known = start + known - before - 1
    tails = [places - step for step in range(1, _NEIGHBOURS + 1)]
    tails.append(np.where(places - start > _NEIGHBOURS, start, -1))
    tails += [np.where(order >= first, last_known - step, -1) for step in range(_NEIGHBOURS)]
    for tail in tails:
        met = np.nonzero((tail >= start) & (tail < places))[0]
        if len(met):
            yield order[met], order[tail[met]]


def _band_keys(texts: Sequence[str]) -> Any:
    """Return bands by texts: what all members of a bucket have in common."""
    size = _shingle_size(texts)
    draw = np.random.default_rng(_SEED)
    factors = draw.integers(0, 1 << 31, (BANDS, HASHES_PER_BAND), dtype=np.uint32) * 2 + 1
    keys = np.zeros((BANDS, len(texts)), np.uint64)
    for start in range(0, len(texts), _BLOCK):
        block = Letters.of(texts[start : start + _BLOCK]).runs(size)
        starts = np.cumsum(block.counts) - block.counts
        some = block.counts > 0
        for band in range(BANDS):
            key = keys[band, start : start + _BLOCK]
            # A text that is shorter than a shingle is in a bucket with nobody.
            key[~some] = np.arange(start, start + len(key), dtype=np.uint64)[~some]
            for factor in factors[band]:
                hashes = block.hashes * factor
                least = np.minimum.reduceat(hashes ^ (hashes >> np.uint32(15)), starts[some])
                key[some] = key[some] * np.uint64(0x9E3779B97F4A7C15) + least
                key[some] ^= key[some] >> np.uint64(29)
    return keys


def _shingle_size(texts: Sequence[str]) -> int:
    """Letters of a shingle: long texts of one language share most of its short ones."""
    typical = float(np.median([len(text) for text in texts]))
    return 3 if typical <= _SHORT else 5 if typical <= _MIDDLE else 8
