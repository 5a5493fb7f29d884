"""Long texts that share whole passages with training rows: runs of 13 words. Pure.

Thirteen words in a row are the measure of Brown et al. (2020) and of lm-evaluation-harness. A run
that stands in many training rows is a template, which says nothing about one row; as there, it does
not count.
"""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from controller.data.shingles import Letters

RUN = 13
"""Words."""
LEAST_SHARE = 0.5
"""Share of a text's runs that are in training rows, from which the text is known."""
_LEAST_RUNS = 10
"""A text of fewer runs is short: it is compared letter by letter."""
_MOST_ROWS = 10
"""Training rows with a run, beyond which it is a template."""
_BLOCK = 5_000

Hashes = NDArray[np.uint32]


def known_passages(texts: Sequence[str], known: Sequence[str]) -> dict[int, int]:
    """Map the index of each text that is made of known passages to the known text it shares most.

    Args:
        texts: Folded texts, few enough to keep their runs in memory.
        known: Folded texts, any number; they are read block by block.
    """
    asked = [(index, hashes) for index, hashes in _runs_of(texts) if len(hashes) >= _LEAST_RUNS]
    if not asked:
        return {}
    wanted = np.unique(np.concatenate([hashes for _, hashes in asked]))
    rows, first = _where(wanted, known)
    found = {}
    for index, hashes in asked:
        at = np.searchsorted(wanted, hashes)
        own = at[rows[at] <= _MOST_ROWS]
        shared = own[rows[own] > 0]
        if len(own) >= _LEAST_RUNS and len(shared) >= LEAST_SHARE * len(own):
            found[index] = int(np.bincount(first[shared]).argmax())
    return found


def _where(wanted: Hashes, known: Sequence[str]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Count the known texts that hold each run, and name the first one."""
    rows = np.zeros(len(wanted), np.int64)
    first = np.full(len(wanted), -1, np.int64)
    for index, hashes in _runs_of(known):
        at = np.minimum(np.searchsorted(wanted, hashes), len(wanted) - 1)
        here = at[wanted[at] == hashes]
        rows[here] += 1
        new = here[first[here] < 0]
        first[new] = index
    return rows, first


def _runs_of(texts: Sequence[str]) -> Iterator[tuple[int, Hashes]]:
    """Yield the different runs of each text that has any."""
    long = [index for index, text in enumerate(texts) if text.count(" ") >= RUN - 1]
    for start in range(0, len(long), _BLOCK):
        block = long[start : start + _BLOCK]
        runs = Letters.of([texts[index] for index in block]).words(RUN)
        ends = np.cumsum(runs.counts)
        for index, end, count in zip(block, ends.tolist(), runs.counts.tolist(), strict=True):
            yield index, np.unique(runs.hashes[end - count : end])
