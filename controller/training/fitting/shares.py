"""How the processes of a job share the rows of each step.

All of them draw the same order of rows. It is cut into batches, and the batches are dealt out in
turn, so that one step of N processes takes the very rows that one step of a single process takes.
Where the last step has too few batches, a process gets one that counts for nothing.
"""

from collections.abc import Iterator
from math import ceil

from torch.utils.data import Sampler

FILLER = -1
"""Stands before the row of a batch that counts for nothing: ``[FILLER - row]``."""


class SharedBatches(Sampler[list[int]]):  # type: ignore[misc]  # torch is untyped here
    """One process's batches of an order that all processes draw alike."""

    def __init__(self, order: Sampler[int], size: int, *, rank: int, processes: int) -> None:
        """``size`` rows are one batch."""
        self._order = order
        self._size = size
        self._rank = rank
        self._processes = processes

    def set_epoch(self, epoch: int) -> None:
        """Called by the trainer before each epoch."""
        self._order.set_epoch(epoch)

    def __len__(self) -> int:
        """How many batches each process gets: the same number for all."""
        return ceil(ceil(len(self._order) / self._size) / self._processes)

    def __iter__(self) -> Iterator[list[int]]:
        """This process's batches."""
        rows = list(self._order)
        for turn in range(len(self)):
            start = (turn * self._processes + self._rank) * self._size
            yield rows[start : start + self._size] or [FILLER - rows[0]]
