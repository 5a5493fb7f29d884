"""Settings of the monitors, over those that all parts share."""

from pydantic import Field

from registry.settings import Settings


class MonitorSettings(Settings):
    """How often traffic is looked at."""

    monitor_interval_seconds: float = Field(default=1.0, gt=0)
    """Pause between two reads of new observations."""
    monitor_batch_size: int = Field(default=1000, ge=1)
    """Observations read, judged and written about at a time."""
    least_requests_per_day: float = Field(default=1000, gt=0)
    """Traffic that a false-alarm budget assumes while less is seen; more only raises thresholds."""
