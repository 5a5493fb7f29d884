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
    """False alarms that are tolerated, on average, in each period."""
    per: Period = "30d"
    """The period: hours, days or weeks (``12h``, ``30d``, ``4w``)."""

    @property
    def period(self) -> timedelta:
        """``per`` as a length of time."""
        return int(self.per[:-1]) * _UNITS[self.per[-1]]


class OnDataDrift(Section):
    """What an alarm does, and its guards."""

    action: Literal["report", "plan", "retrain"] = "report"
    """``report``: say it. ``plan``: say what retraining would take. ``retrain``: do it."""
    min_requests: int = Field(default=1000, ge=1)
    """Requests since the version went live before an alarm may act."""
    min_labels: int = Field(default=100, ge=0)
    """New labelled rows that retraining needs."""
    cooldown_minutes: float = Field(default=60, ge=0)
    """Time between two retrainings."""
    max_retrains_per_day: int = Field(default=3, ge=0)
    """Retrainings that data drift may cause in 24 hours."""


class Monitoring(Section):
    """What is watched in live traffic."""

    window: Window = Window()
    false_alarms: FalseAlarms = FalseAlarms()
    detectors: list[Literal["text", "embedding", "prediction", "confidence", "performance"]] = [
        "text",
        "prediction",
    ]
    """What is watched: the texts, the answers, how sure they are, how right they are."""
    slices: list[str] = []
    """Slice families of ``data.slices`` that are watched one by one."""
    on_data_drift: OnDataDrift = OnDataDrift()
