"""One score of a text, watched at two speeds: the e-detector for a jump, the rank sum for the rest.

Scores become cells of a fixed grid that no data had a say in, which keeps the ranks exact.
"""

import math
from collections.abc import Iterable

from monitors.detectors.base import Allowance, Evidence, State, strongest
from monitors.detectors.rank_sum import RankSum
from monitors.detectors.shiryaev_roberts import CELLS, Direction, ShiryaevRoberts

_CELLS_PER_LOG_UNIT = 6.5
"""Neighbouring cells differ by 17 %; the last one begins near 16,000."""


def cell_of_ratio(value: float) -> int:
    """Give the cell of a score in 0..1: 64 equal steps."""
    return min(CELLS - 1, int(value * CELLS))


def cell_of_length(value: float) -> int:
    """Give the cell of a length of 0 or more: equal steps of its logarithm."""
    return min(CELLS - 1, int(math.log1p(value) * _CELLS_PER_LOG_UNIT))


class ScoreDetector:
    """Fast and slow test of one score; they share the allowance equally."""

    def __init__(
        self, reference: Iterable[int], *, window: int, direction: Direction, seed: int
    ) -> None:
        """``reference`` are cells of held-out rows; ``window`` is in requests."""
        cells = list(reference)
        self._fast = ShiryaevRoberts(cells, window=window, direction=direction, seed=seed)
        self._slow = RankSum(cells, window=window, direction=direction)

    def allow(self, allowance: Allowance) -> None:
        """Set the false alarms allowed from now on."""
        share = allowance.split(2)
        self._fast.allow(share)
        self._slow.allow(share)

    def update(self, cell: int) -> None:
        """Take in the next value's cell."""
        self._fast.update(cell)
        self._slow.update(cell)

    def evidence(self) -> Evidence | None:
        """Give the stronger of the two."""
        return strongest(self._fast.evidence(), self._slow.evidence())

    def state(self) -> State:
        """Both states."""
        return {"fast": self._fast.state(), "slow": self._slow.state()}

    def restore(self, state: State) -> None:
        """Take over what ``state`` gave."""
        self._fast.restore(state["fast"])
        self._slow.restore(state["slow"])
