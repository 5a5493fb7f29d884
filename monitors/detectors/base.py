"""What every detector is: values in, evidence out, in units of its own threshold.

A detector sees the traffic of one version one value at a time. It knows nothing of requests,
stores or clocks, and is told how many false alarms it may raise (``Allowance``). Its state is a
plain JSON value: a detector made from it goes on exactly where the other stopped.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

State = Mapping[str, Any]
LEAST_LOG_THRESHOLD = math.log(20)
"""However generous the budget, nothing weaker than 1 in 20 is called evidence."""

Value_contra = TypeVar("Value_contra", contravariant=True)


@dataclass(frozen=True)
class Allowance:
    """How many false alarms a test may raise while how many requests pass."""

    alarms: float
    """Expected false alarms per period; above 0."""
    requests: float
    """Requests expected in the period; above 0."""

    def split(self, parts: int) -> "Allowance":
        """Share the alarms equally among ``parts`` tests (union bound: no independence needed)."""
        return Allowance(self.alarms / parts, self.requests)

    def log_run_length(self) -> float:
        """Log of the requests that must pass, on average, between two false alarms."""
        return max(LEAST_LOG_THRESHOLD, math.log(self.requests / self.alarms))

    def log_looks(self, *, stride: int, tests_per_look: int) -> float:
        """Minus the log of the level of one test, when one look follows every ``stride`` requests.

        The level is the allowed alarms over the number of tests in the period.
        """
        tests = max(1.0, self.requests / stride * tests_per_look)
        return max(LEAST_LOG_THRESHOLD, math.log(tests / self.alarms))


@dataclass(frozen=True)
class Evidence:
    """What a detector holds against "nothing has changed", both numbers in nats."""

    log_evidence: float
    """Log of the e-value, or minus the log of the p-value."""
    log_threshold: float
    """What ``log_evidence`` must reach for an alarm, within the allowance."""
    test: str
    """Which test says so: ``fast`` or ``trailing``."""
    windows: int
    """How many trailing windows the test looked at; 0 for the fast one, which has none."""

    @property
    def ratio(self) -> float:
        """1 means alarm, whatever the detector. Never negative."""
        return max(0.0, self.log_evidence / self.log_threshold)


class Detector(Protocol[Value_contra]):
    """One question asked of a stream of values."""

    def allow(self, allowance: Allowance) -> None:
        """Set the false alarms allowed from now on."""

    def update(self, value: Value_contra) -> None:
        """Take in the next value."""

    def evidence(self) -> Evidence | None:
        """Give the strongest evidence now; None while too little was seen to say anything."""

    def state(self) -> State:
        """Everything needed to go on later, as plain JSON."""

    def restore(self, state: State) -> None:
        """Take over a state that a detector made with the same arguments gave."""


def strongest(*found: Evidence | None) -> Evidence | None:
    """Pick the evidence with the largest ratio; None when there is none at all."""
    return max((one for one in found if one is not None), key=lambda e: e.ratio, default=None)
