"""How long to wait before a part that died is started again. Pure."""

from dataclasses import dataclass, replace

FIRST_WAIT_SECONDS = 1.0
LONGEST_WAIT_SECONDS = 30.0
HEALTHY_AFTER_SECONDS = 60.0


@dataclass(frozen=True)
class Backoff:
    """The deaths of one part that count, and when it may be started (monotonic seconds)."""

    deaths: int = 0
    start_at: float = 0.0
    started_at: float = 0.0

    @property
    def wait_seconds(self) -> float:
        """1, 2, 4, 8, 16, 30, 30, ... by the number of deaths."""
        if not self.deaths:
            return 0.0
        return min(FIRST_WAIT_SECONDS * 2.0 ** (self.deaths - 1), LONGEST_WAIT_SECONDS)

    def started(self, now: float) -> "Backoff":
        """The part was started at ``now``."""
        return replace(self, started_at=now)

    def died(self, now: float) -> "Backoff":
        """The part died at ``now``; a life of a minute forgives earlier deaths."""
        was_healthy = now - self.started_at >= HEALTHY_AFTER_SECONDS
        after = replace(self, deaths=1 if was_healthy else self.deaths + 1)
        return replace(after, start_at=now + after.wait_seconds)
