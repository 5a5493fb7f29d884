"""Keeping what was answered, for the monitors, without an answer ever waiting for it.

``offer`` puts observations into a bounded queue and returns at once; a thread writes them in
batches. What does not fit is dropped and counted: a slow database costs evidence, never latency.
"""

import logging
import threading
from collections import Counter, deque
from collections.abc import Callable, Sequence
from zlib import crc32

from registry.traffic_records import Observation

log = logging.getLogger(__name__)

CAPACITY = 20_000
"""Observations that may wait."""
BATCH = 1_000
"""Observations written in one transaction."""
INTERVAL_SECONDS = 0.2
ATTEMPTS = 8
"""Then the batch is given up: one row that cannot be written must not block all others."""
LONGEST_PAUSE_SECONDS = 10.0

Write = Callable[[Sequence[Observation]], None]
Dropped = Callable[[str, int], None]


def is_sampled(request_id: str, share: float) -> bool:
    """Whether a request belongs to the captured share (0 to 1); the same id always gives the same.

    >>> is_sampled("any", 1.0), is_sampled("any", 0.0)
    (True, False)
    """
    return crc32(request_id.encode()) < share * 2**32


class Capture:
    """A bounded queue and the thread that empties it."""

    def __init__(self, write: Write, dropped: Dropped, *, capacity: int = CAPACITY) -> None:
        """``write`` stores a batch or raises; ``dropped`` is told model and count."""
        self._write = write
        self._dropped = dropped
        self._capacity = capacity
        self._waiting: deque[Observation] = deque()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="capture", daemon=True)

    def start(self) -> None:
        """Begin to write."""
        self._thread.start()

    def offer(self, observations: Sequence[Observation]) -> None:
        """Take what fits and count the rest as dropped. Never waits."""
        room = max(0, self._capacity - len(self._waiting))
        self._waiting.extend(observations[:room])
        self._count_dropped(observations[room:])

    def stop(self, timeout_seconds: float) -> None:
        """Write what waits, trying once, and end the thread."""
        self._stopping.set()
        self._thread.join(timeout_seconds)

    def _run(self) -> None:
        while not self._stopping.wait(INTERVAL_SECONDS):
            self._flush()
        self._flush()

    def _flush(self) -> None:
        while batch := self._take():
            self._store(batch)

    def _take(self) -> list[Observation]:
        count = min(len(self._waiting), BATCH)
        return [self._waiting.popleft() for _ in range(count)]

    def _store(self, batch: Sequence[Observation]) -> None:
        for attempt in range(ATTEMPTS):
            try:
                self._write(batch)
            except Exception as error:  # noqa: BLE001  (the thread must outlive any fault of a write)
                log.warning("captured answers could not be written: %s", error)
            else:
                return
            pause = min(INTERVAL_SECONDS * 2**attempt, LONGEST_PAUSE_SECONDS)
            if self._stopping.is_set() or self._stopping.wait(pause):
                break
        self._count_dropped(batch)

    def _count_dropped(self, observations: Sequence[Observation]) -> None:
        for model, count in Counter(one.model for one in observations).items():
            self._dropped(model, count)
