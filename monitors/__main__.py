"""``python -m monitors``: the monitors as a process of their own."""

import logging
import signal
import sys
from datetime import UTC, datetime

from prometheus_client import CollectorRegistry

from monitors.exporter import Exporter
from monitors.service import Service
from monitors.settings import MonitorSettings
from registry.artifacts.opening import open_artifacts
from registry.part_help import take_no_arguments
from registry.probes import serve_probes
from registry.store.database import Database
from specs.errors import TrueupError


def main() -> int:
    """Watch until SIGTERM or SIGINT; 0 when asked to stop, 1 when it cannot start."""
    settings = MonitorSettings()
    logging.basicConfig(
        level=settings.log_level, format="%(asctime)s %(levelname)s %(name)s %(message)s"
    )
    try:
        _serve(settings)
    except TrueupError as error:
        sys.stderr.write(f"trueup monitors: {error.told}\n")
        return 1
    return 0


def _serve(settings: MonitorSettings) -> None:
    database = Database.open(settings.resolved_database_url)
    exporter = Exporter()
    service = Service(
        database,
        open_artifacts(settings),
        settings=settings,
        exporter=exporter,
        clock=lambda: datetime.now(UTC),
    )
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: service.stop())
    collectors = CollectorRegistry()
    collectors.register(exporter)
    probes = serve_probes(
        settings.host,
        settings.monitor_port,
        is_ready=service.problem,
        collectors=collectors,
        setting="monitor_port",
    )
    try:
        service.run()
    finally:
        probes.stop()
        database.close()


if __name__ == "__main__":
    take_no_arguments(
        "python -m monitors",
        "Watch the traffic of live versions for data drift, until asked to stop.",
    )
    sys.exit(main())
