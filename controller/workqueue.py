"""A queue of model names: each at most once, never two passes over one model at a time.

A name that is added while its pass is going on is marked, and handed out again when the pass is
done: that pass may have looked before the news came. Delays and back-off are kept here, so that
the loop only says why it wants another look.
"""

import heapq
import random
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta

SHORTEST_BACKOFF = timedelta(seconds=1)
LONGEST_BACKOFF = timedelta(minutes=5)
JITTER = 0.1

Monotonic = Callable[[], float]


def backoff(failures: int) -> timedelta:
    """Pause before try ``failures + 1``: doubles from one second, at most five minutes."""
    doublings = max(0, min(failures - 1, 30))
    return min(SHORTEST_BACKOFF * (1 << doublings), LONGEST_BACKOFF)


@dataclass
class _Item:
    trigger: str
    due: float


@dataclass
class WorkQueue:
    """Names that wait for a look, with why; thread-safe."""

    clock: Monotonic
    _waiting: dict[str, _Item] = field(default_factory=dict)
    _heap: list[tuple[float, str]] = field(default_factory=list)
    _working: set[str] = field(default_factory=set)
    _failures: dict[str, int] = field(default_factory=dict)
    _changed: threading.Condition = field(default_factory=threading.Condition)
    _closed: bool = False

    def add(self, name: str, *, trigger: str, after: timedelta = timedelta(0)) -> None:
        """Ask for a look at ``name``; of several asks the soonest and its trigger count."""
        due = self.clock() + after.total_seconds()
        with self._changed:
            known = self._waiting.get(name)
            if known is None or due < known.due:
                self._waiting[name] = _Item(trigger, due)
                heapq.heappush(self._heap, (due, name))
                self._changed.notify()

    def retry(self, name: str, *, trigger: str) -> timedelta:
        """Ask for another look after a fault, later each time; returns the pause."""
        with self._changed:
            failures = self._failures.get(name, 0) + 1
            self._failures[name] = failures
        pause = backoff(failures) * (1 + random.uniform(0, JITTER))  # noqa: S311  (not a secret)
        self.add(name, trigger=trigger, after=pause)
        return pause

    def forgive(self, name: str) -> None:
        """Forget the faults of ``name``: a pass went well, or its inputs changed."""
        with self._changed:
            self._failures.pop(name, None)

    def take(self) -> tuple[str, str] | None:
        """Wait for a name that is due and not being worked on; None once the queue is closed."""
        with self._changed:
            while not self._closed:
                found = self._next_due()
                if found is not None:
                    return found
                self._changed.wait(self._pause())
        return None

    def done(self, name: str) -> None:
        """Say that the pass over ``name`` is over."""
        with self._changed:
            self._working.discard(name)
            self._changed.notify()

    def close(self) -> None:
        """Let every ``take`` return None."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def __len__(self) -> int:
        with self._changed:
            return len(self._waiting)

    def _next_due(self) -> tuple[str, str] | None:
        now = self.clock()
        passed_over = []
        found = None
        while self._heap and self._heap[0][0] <= now:
            due, name = heapq.heappop(self._heap)
            item = self._waiting.get(name)
            if item is None or item.due != due:
                continue  # an older ask, overtaken by a sooner one
            if name in self._working:
                passed_over.append((due, name))
                continue
            del self._waiting[name]
            self._working.add(name)
            found = (name, item.trigger)
            break
        for entry in passed_over:
            heapq.heappush(self._heap, entry)
        return found

    def _pause(self) -> float | None:
        upcoming = [due for due, name in self._heap if name not in self._working]
        return max(0.0, min(upcoming) - self.clock()) if upcoming else None
