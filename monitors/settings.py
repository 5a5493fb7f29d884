"""Settings of the monitors, over those that all parts share."""

from registry.settings import Settings


class MonitorSettings(Settings):
    """How often traffic is looked at."""

    monitor_interval_seconds: float = 1.0
    """Pause between two reads of new observations."""
