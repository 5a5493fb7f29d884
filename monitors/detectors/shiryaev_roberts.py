"""The fast test of a score: a conformal Shiryaev-Roberts e-detector on binned online ranks.

Each value is ranked among the reference and everything seen so far, itself included, with ties
broken at random. While values are exchangeable the ranks are independent and uniform, whatever
the distribution and however small the reference (Vovk, Gammerman, Shafer, 2005). Bets against
uniformity multiply: R <- (R + 1) * bet(rank). The mean of R over several bets grows by exactly
1 a request while nothing changes, so that an alarm at R >= c, which sets R back to 0, comes at
most once per c requests on average (Shin, Ramdas, Rinaldo, 2023).

A fixed reference would break this: ranking against it alone gave .33 where .05 was allowed.
The price: a change that stays is learned in the end. The slow test remembers.
"""

import math
from collections import deque
from collections.abc import Iterable
from typing import Literal

from monitors.detectors.base import Allowance, Evidence, State
from monitors.detectors.trailing import BLOCKS_PER_WINDOW, stride_of

CELLS = 64
POWERS = (0.1, 0.3, 0.5, 0.7, 0.85)
"""Bets ``k * p ** (k - 1)``: the small ones on a large change, the others on a small one."""
Direction = Literal["higher", "either"]

_MASK = (1 << 64) - 1


def unit_interval(seed: int, count: int) -> float:
    """Draw number ``count`` of stream ``seed``, in (0, 1): splitmix64, so that replay is exact."""
    z = (seed + count * 0x9E3779B97F4A7C15) & _MASK
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & _MASK
    return ((z ^ (z >> 31)) + 0.5) / 2.0**64


class ShiryaevRoberts:
    """E-detector over cells 0..63; alarms are counted, evidence is kept for a window."""

    def __init__(
        self, reference: Iterable[int], *, window: int, direction: Direction, seed: int
    ) -> None:
        """``reference`` are cells; ``window``, in values, is how long evidence stays in view."""
        self._counts = [0] * CELLS
        for cell in reference:
            self._counts[cell] += 1
        self._total = sum(self._counts)
        self._mirrored = direction == "either"
        self._bets = [0.0] * (len(POWERS) * (2 if self._mirrored else 1))
        self._seed, self._drawn = seed, 0
        self._stride = stride_of(window)
        self._peaks: deque[float] = deque([0.0], maxlen=BLOCKS_PER_WINDOW + 1)
        self._log_needed = Allowance(1.0, 1.0).log_run_length()

    def allow(self, allowance: Allowance) -> None:
        """Set the false alarms allowed from the next value on."""
        self._log_needed = allowance.log_run_length()

    def update(self, cell: int) -> None:
        """Rank one value among all before it, and bet."""
        if self._drawn and self._drawn % self._stride == 0:
            self._peaks.append(0.0)
        p = self._rank(cell)
        gains = [k * p ** (k - 1) for k in POWERS]
        if self._mirrored:
            gains += [k * (1 - p) ** (k - 1) for k in POWERS]
        self._bets = [(r + 1) * gain for r, gain in zip(self._bets, gains, strict=True)]
        log_evidence = math.log(max(1.0, sum(self._bets) / len(self._bets)))
        ratio = log_evidence / self._log_needed
        self._peaks[-1] = max(self._peaks[-1], ratio)
        if ratio >= 1:  # start again: this is what bounds how often it can happen
            self._bets = [0.0] * len(self._bets)

    def evidence(self) -> Evidence:
        """Give the strongest evidence of the trailing window, in terms of today's threshold."""
        return Evidence(max(self._peaks) * self._log_needed, self._log_needed, "fast", 0)

    def state(self) -> State:
        """Counts, bets, peaks, and how many random numbers were drawn."""
        return {
            "counts": list(self._counts),
            "bets": list(self._bets),
            "peaks": list(self._peaks),
            "drawn": self._drawn,
        }

    def restore(self, state: State) -> None:
        """Take over what ``state`` gave."""
        self._counts = list(state["counts"])
        self._total = sum(self._counts)
        self._bets = list(state["bets"])
        self._peaks = deque(state["peaks"], maxlen=self._peaks.maxlen)
        self._drawn = state["drawn"]

    def _rank(self, cell: int) -> float:
        """Share of values that lie higher, ties broken at random, in (0, 1)."""
        self._counts[cell] += 1
        self._total += 1
        self._drawn += 1
        higher = sum(self._counts[cell + 1 :])
        return (higher + unit_interval(self._seed, self._drawn) * self._counts[cell]) / self._total
