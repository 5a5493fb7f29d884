"""Runs of letters and of words, as numbers: what near twins share, and what tells labels apart.

Texts are folded ones (``controller.data.folding``). Everything is done on one long array of code
points, so that a million texts take seconds. Hashes are 32 bits, and the same on every machine.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Hashes = NDArray[np.uint32]
Counts = NDArray[np.int64]

_BASE = np.uint64(0x9E3779B97F4A7C15)
_IDEOGRAPHS = ((0x3040, 0x30FF), (0x3400, 0x9FFF), (0xF900, 0xFAFF), (0x20000, 0x3FFFF))
"""Scripts that write no space between words: each sign stands for a word."""


@dataclass(frozen=True)
class Shingles:
    """The shingles of some texts, text after text."""

    hashes: Hashes
    counts: Counts
    """Shingles of each text."""

    @property
    def rows(self) -> NDArray[np.int64]:
        """The index of the text of each shingle."""
        return np.repeat(np.arange(len(self.counts)), self.counts)


@dataclass(frozen=True)
class Letters:
    """Code points of some texts in a row, each text between two spaces."""

    points: NDArray[np.uint32]
    lengths: Counts
    """Code points of each text, its spaces included; at least three."""

    @classmethod
    def of(cls, texts: Sequence[str]) -> "Letters":
        """Lay out the texts."""
        padded = [f" {text} ".ljust(3) for text in texts]
        points = np.frombuffer("".join(padded).encode("utf-32-le", "surrogatepass"), np.uint32)
        return cls(points, np.array([len(text) for text in padded], np.int64))

    def runs(self, size: int) -> Shingles:
        """Every run of ``size`` code points within a text."""
        hashes = np.zeros(max(len(self.points) - size + 1, 0), np.uint32)
        for offset in range(size):
            hashes *= np.uint32(0x01000193)
            hashes ^= self.points[offset : len(self.points) - size + 1 + offset]
        within = np.ones(len(self.points), bool)
        ends = np.cumsum(self.lengths)
        for offset in range(1, size):
            # A run that starts here would reach into the next text.
            at = ends - offset
            within[at[self.lengths >= offset]] = False
        return Shingles(_mixed(hashes[within[: len(hashes)]], size), self._counts(size))

    def words(self, size: int) -> Shingles:
        """Every run of ``size`` words within a text; an ideograph is a word."""
        starts, ends = self._bounds()
        hashes = self._hashes_of(starts, ends)
        texts = np.searchsorted(np.cumsum(self.lengths), starts, side="right")
        counts = np.bincount(texts, minlength=len(self.lengths))
        last = len(hashes) - size + 1
        if last < 1:
            return Shingles(np.zeros(0, np.uint32), np.zeros_like(counts))
        runs = np.zeros(last, np.uint64)
        for offset in range(size):
            runs = (runs ^ (runs >> np.uint64(29))) * _BASE + hashes[offset : last + offset]
        within = texts[:last] == texts[size - 1 :]
        folded = (runs ^ (runs >> np.uint64(32))).astype(np.uint32)
        return Shingles(_mixed(folded[within], -size), np.maximum(counts - size + 1, 0))

    def _counts(self, size: int) -> Counts:
        return np.maximum(self.lengths - size + 1, 0)

    def _bounds(self) -> tuple[Any, Any]:
        """Where each word starts, and where it ends."""
        letter = self.points != ord(" ")
        lone = np.zeros(len(letter), bool)
        for low, high in _IDEOGRAPHS:
            lone |= (self.points >= low) & (self.points <= high)
        breaks = np.zeros(len(letter) + 1, bool)
        breaks[1:-1] = (letter[1:] != letter[:-1]) | lone[1:] | lone[:-1]
        starts = np.nonzero(breaks[:-1] & letter)[0]
        ends = np.nonzero(breaks[1:] & letter)[0] + 1
        return starts, ends

    def _hashes_of(self, starts: Any, ends: Any) -> NDArray[np.uint64]:
        """Hash each word by a polynomial, all words one letter at a time."""
        if not len(starts):
            return np.zeros(0, np.uint64)
        hashes = np.zeros(len(starts), np.uint64)
        lengths = ends - starts
        for offset in range(int(lengths.max())):
            going = np.nonzero(lengths > offset)[0]
            if len(going) < len(hashes):
                hashes[going] = hashes[going] * _BASE + self.points[starts[going] + offset]
            else:
                hashes = hashes * _BASE + self.points[starts + offset]
        return hashes ^ (hashes >> np.uint64(31))


def _mixed(hashes: Hashes, seed: int) -> Hashes:
    """Spread the bits, so that any of them may be used alone (the finaliser of MurmurHash3)."""
    mixed = hashes ^ np.uint32(seed * 0x9E3779B1 & 0xFFFFFFFF)
    mixed ^= mixed >> np.uint32(16)
    mixed *= np.uint32(0x85EBCA6B)
    mixed ^= mixed >> np.uint32(13)
    mixed *= np.uint32(0xC2B2AE35)
    mixed ^= mixed >> np.uint32(16)
    return mixed
