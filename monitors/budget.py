"""From ``false_alarms: {at_most: 1, per: 30d}`` to what each detector may do.

The budget is for the whole model. It is shared equally among its detectors, by a detector among
its tests, and by a test among its looks. All of it is a union bound, so nothing needs to be
independent of anything. How many looks a period has depends on the traffic, which is observed;
docs/howto/monitoring.md does the arithmetic on an example.
"""

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from monitors.detectors.base import Allowance

_HOUR = timedelta(hours=1)
_HOURS_REMEMBERED = 24


@dataclass(frozen=True)
class Budget:
    """The declared false alarms, and the traffic that is assumed at least."""

    at_most: float
    """Expected false alarms per period, all detectors together."""
    period: timedelta
    least_requests_per_day: float
    """Traffic assumed while less is seen."""

    def allowance(self, *, detectors: int, requests_per_hour: float) -> Allowance:
        """Give one detector's share, at the traffic observed or the least assumed."""
        hours = self.period / _HOUR
        rate = max(requests_per_hour, self.least_requests_per_day / 24)
        return Allowance(self.at_most / detectors, rate * hours)


@dataclass
class Traffic:
    """How many requests come per hour, told by the requests' own times: replay is exact."""

    n: int = 0
    first: datetime | None = None
    last: datetime | None = None
    hours: Counter[int] = field(default_factory=Counter)
    """Requests by hour since the epoch, the latest 24 that had any."""

    def observe(self, at: datetime) -> None:
        """Count one request."""
        self.n += 1
        self.first = min(self.first or at, at)
        self.last = max(self.last or at, at)
        self.hours[int(at.astimezone(UTC).timestamp() // _HOUR.total_seconds())] += 1
        while len(self.hours) > _HOURS_REMEMBERED:
            del self.hours[min(self.hours)]

    def requests_per_hour(self) -> float:
        """Return the larger of the mean since the start and the mean of the last 24 hours.

        Less than an hour counts as an hour, so that a first burst is not taken for the rule.
        """
        if self.first is None or self.last is None:
            return 0.0
        elapsed = max(1.0, (self.last - self.first) / _HOUR)
        recent = sum(self.hours.values()) / max(1.0, min(elapsed, _HOURS_REMEMBERED))
        return max(self.n / elapsed, recent if self._spans_a_day(elapsed) else 0.0)

    def _spans_a_day(self, elapsed: float) -> bool:
        """Before a day has passed the mean since the start is the mean of the last day."""
        return elapsed > _HOURS_REMEMBERED
