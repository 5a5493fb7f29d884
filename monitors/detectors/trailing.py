"""Counts over trailing windows: the memory of every slow test.

Values arrive as cells (small integers). They are counted in blocks of a quarter window, so that a
look after every block can sum the last 1, 2, 4 and 8 windows. A short horizon sees a large change
soon, a long one sees a small change at all; all of them together are paid for by a union bound.
"""

from collections import Counter, deque
from collections.abc import Iterator

from monitors.detectors.base import State

BLOCKS_PER_WINDOW = 4
HORIZONS = (1, 2, 4, 8)
"""Windows that a look sums."""


def stride_of(window: int) -> int:
    """Return the values between two looks; ``window`` counts values as well."""
    return max(1, window // BLOCKS_PER_WINDOW)


class TrailingCounts:
    """How often each cell occurred in the last 1, 2, 4 and 8 windows."""

    def __init__(self, window: int) -> None:
        """``window`` is in values; rounded down to a multiple of four."""
        self.stride = stride_of(window)
        self._blocks: deque[Counter[int]] = deque(maxlen=BLOCKS_PER_WINDOW * max(HORIZONS))
        self._open: Counter[int] = Counter()
        self._open_n = 0

    def add(self, cell: int) -> bool:
        """Count one value; True when it closed a block, so that a look is due."""
        self._open[cell] += 1
        self._open_n += 1
        if self._open_n < self.stride:
            return False
        self._blocks.append(self._open)
        self._open, self._open_n = Counter(), 0
        return True

    def horizons(self) -> Iterator[tuple[int, Counter[int]]]:
        """Yield each horizon that is full by now, with the counts of its closed blocks."""
        total: Counter[int] = Counter()
        for seen, block in enumerate(reversed(self._blocks), start=1):
            total.update(block)
            if seen % BLOCKS_PER_WINDOW == 0 and seen // BLOCKS_PER_WINDOW in HORIZONS:
                yield seen // BLOCKS_PER_WINDOW, total

    def state(self) -> State:
        """Blocks as lists of ``[cell, count]``, oldest first, and the open one."""
        return {
            "blocks": [sorted(block.items()) for block in self._blocks],
            "open": sorted(self._open.items()),
        }

    def restore(self, state: State) -> None:
        """Take over what ``state`` gave."""
        self._blocks.clear()
        self._blocks.extend(Counter(dict(block)) for block in state["blocks"])
        self._open = Counter(dict(state["open"]))
        self._open_n = self._open.total()
