"""``spec.monitoring``: what is watched in live traffic, and what an alarm does."""

from datetime import timedelta
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from specs.section import Section

PERIOD_PATTERN = r"^[1-9][0-9]{0,3}[hdw]$"
Period = Annotated[str, StringConstraints(pattern=PERIOD_PATTERN)]
_UNITS = {"h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}


class Window(Section):
    """The current window that is compared with the reference window."""

    size: int = Field(default=500, ge=20)
    """Requests."""


class FalseAlarms(Section):
    """One budget for all detectors and slices; thresholds follow from it."""

    at_most: float = Field(default=1, gt=0)
    per: Period = "30d"

    @property
    def period(self) -> timedelta:
        """``per`` as a length of time."""
        return int(self.per[:-1]) * _UNITS[self.per[-1]]


class OnDataDrift(Section):
    """What an alarm does, and its guards."""

    action: Literal["report", "plan", "retrain"] = "report"
    min_requests: int = Field(default=1000, ge=1)
    min_labels: int = Field(default=100, ge=0)
    cooldown_minutes: float = Field(default=60, ge=0)
    max_retrains_per_day: int = Field(default=3, ge=0)


class Monitoring(Section):
    """What is watched in live traffic."""

    window: Window = Window()
    false_alarms: FalseAlarms = FalseAlarms()
    detectors: list[Literal["text", "embedding", "prediction", "confidence", "performance"]] = [
        "text",
        "prediction",
    ]
    slices: list[str] = []
    on_data_drift: OnDataDrift = OnDataDrift()
