"""What the cheap model of labels reads: TF-IDF of words, word pairs, and runs of letters. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import sparse

from controller.data.shingles import Letters, Shingles

Matrix = Any
"""``scipy.sparse.csr_matrix`` of float32, a row for each text."""

_BUCKETS = 1 << 22
_BLOCK = 20_000
_LETTERS = (3, 4)
_WORDS = (1, 2)


@dataclass(frozen=True)
class Features:
    """A fitted vocabulary: which shingles are features, and how rare each one is."""

    words: "_Kind"
    letters: "_Kind"

    @classmethod
    def of(cls, texts: Sequence[str], *, at_most: int) -> "Features":
        """Take the shingles that two texts or more share, the most frequent ``at_most`` a kind."""
        seen = {kind: np.zeros(_BUCKETS, np.int32) for kind in ("words", "letters")}
        for block in _blocks(texts):
            for kind, counts in _counts(block).items():
                seen[kind] += np.bincount(counts.indices, minlength=_BUCKETS).astype(np.int32)
        kinds = {kind: _Kind.of(rows, len(texts), at_most) for kind, rows in seen.items()}
        return cls(**kinds)

    def matrix(self, texts: Sequence[str]) -> Matrix:
        """Weigh the features of each text; each kind has length one, so that both count alike."""
        blocks = []
        for block in _blocks(texts):
            counts = _counts(block)
            parts = [self.words.weighed(counts["words"]), self.letters.weighed(counts["letters"])]
            blocks.append(sparse.hstack(parts, format="csr"))
        return sparse.vstack(blocks, format="csr")


@dataclass(frozen=True)
class _Kind:
    columns: Any
    """Bucket → column, or -1."""
    rarity: Any
    """Inverse document frequency of each column, smoothed."""

    @classmethod
    def of(cls, rows: Any, total: int, at_most: int) -> "_Kind":
        shared = np.nonzero(rows > 1)[0]
        chosen = np.sort(shared[np.argsort(-rows[shared], kind="stable")[:at_most]])
        columns = np.full(_BUCKETS, -1, np.int32)
        columns[chosen] = np.arange(len(chosen))
        return cls(columns, (1 + np.log((1 + total) / (1 + rows[chosen]))).astype(np.float32))

    def weighed(self, counts: Matrix) -> Matrix:
        rows = np.repeat(np.arange(counts.shape[0]), np.diff(counts.indptr))
        columns = self.columns[counts.indices]
        known = columns >= 0
        rows, columns = rows[known], columns[known]
        weights = (1 + np.log(counts.data[known])) * self.rarity[columns]
        norms = np.sqrt(np.bincount(rows, weights**2, minlength=counts.shape[0]))
        weights /= np.maximum(norms, 1e-12)[rows]
        shape = (counts.shape[0], len(self.rarity))
        return sparse.csr_matrix((weights.astype(np.float32), (rows, columns)), shape=shape)


def _blocks(texts: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(texts), _BLOCK):
        yield texts[start : start + _BLOCK]


def _counts(texts: Sequence[str]) -> dict[str, Matrix]:
    """Count the shingles of each text by bucket."""
    letters = Letters.of(texts)
    return {
        "words": _bucketed([letters.words(size) for size in _WORDS], len(texts)),
        "letters": _bucketed([letters.runs(size) for size in _LETTERS], len(texts)),
    }


def _bucketed(shingles: Sequence[Shingles], rows: int) -> Matrix:
    at = np.concatenate([found.rows for found in shingles])
    buckets = np.concatenate([found.hashes for found in shingles]) & np.uint32(_BUCKETS - 1)
    ones = np.ones(len(at), np.float32)
    return sparse.csr_matrix((ones, (at, buckets.astype(np.int32))), shape=(rows, _BUCKETS))
