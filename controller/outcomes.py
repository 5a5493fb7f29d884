"""What a step says when it returns. Expected states are returned; faults are raised."""

from dataclasses import dataclass
from datetime import timedelta

from registry.records import Failure


@dataclass(frozen=True)
class Done:
    """The action is finished; look again, there may be a next one."""


@dataclass(frozen=True)
class Waiting:
    """Something else is working; look again after ``recheck``."""

    on: str
    recheck: timedelta


@dataclass(frozen=True)
class Deferred:
    """Not now, and nothing that follows depends on it: go on, and try again after ``recheck``."""

    on: str
    recheck: timedelta


@dataclass(frozen=True)
class Stalled:
    """Only a person can change this: no recheck until the inputs change or somebody asks."""

    failure: Failure


@dataclass(frozen=True)
class Settled:
    """Nothing is left to do at this revision."""


Outcome = Done | Waiting | Deferred | Stalled | Settled
