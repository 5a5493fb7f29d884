"""One detector on one version's traffic, with the memory of whether it is in alarm."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from monitors.causes import Explain
from monitors.detectors.base import Allowance, Detector, Evidence
from monitors.detectors.trailing import BLOCKS_PER_WINDOW
from registry.traffic_records import Observation

RELEASE_RATIO = 0.7
"""An alarm begins at 1 and ends below this: evidence near its threshold is not many alarms."""

Value = TypeVar("Value")


@dataclass(frozen=True)
class Look:
    """What a detector says at the end of a block."""

    evidence: Evidence
    is_alarm: bool
    is_due: bool
    """Worth a row: the alarm began or ended, or a window has passed since the last row."""


class Watch(Generic[Value]):
    """Feeds one detector, and decides when its alarm begins, ends, and is worth a row."""

    def __init__(
        self,
        name: str,
        detector: Detector[Value],
        *,
        read: Callable[[Observation], Value | None],
        explain: Explain,
    ) -> None:
        """``read`` takes the detector's value from an observation; None: it has none."""
        self.name = name
        self.explain = explain
        self._detector = detector
        self._read = read
        self._last: Look | None = None
        self._looks_since_row = 0

    @property
    def last(self) -> Look | None:
        """The last look; None while the detector could not say anything."""
        return self._last

    def feed(self, observation: Observation) -> None:
        """Hand the observation's value to the detector, if it has one."""
        value = self._read(observation)
        if value is not None:
            self._detector.update(value)

    def look(self, allowance: Allowance) -> Look | None:
        """Read the evidence at the end of a block; ``allowance`` holds for the next block."""
        evidence = self._detector.evidence()
        self._detector.allow(allowance)
        self._looks_since_row += 1
        if evidence is None:
            return None
        was_alarm = self._last is not None and self._last.is_alarm
        is_alarm = evidence.ratio >= (RELEASE_RATIO if was_alarm else 1.0)
        is_due = is_alarm != was_alarm or self._looks_since_row >= BLOCKS_PER_WINDOW
        self._looks_since_row = 0 if is_due else self._looks_since_row
        self._last = Look(evidence, is_alarm, is_due)
        return self._last

    def allow(self, allowance: Allowance) -> None:
        """Set the false alarms allowed before the first look."""
        self._detector.allow(allowance)


AnyWatch = Watch[Any]
"""A watch, whatever its detector counts."""
