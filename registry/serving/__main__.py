"""The gateway's process: everything is put together here. ``python -m registry.serving``."""

import logging
import os
import signal
import sys

import prometheus_client

from registry.part_help import take_no_arguments
from registry.server import listen, run
from registry.serving.assembly import build_service
from registry.serving.gateway import build_gateway
from registry.serving.lazy_engine import LazyEngine
from registry.settings import Settings
from registry.store.database import Database
from specs.errors import TrueupError


def main() -> int:
    """Run the gateway; the exit code of the process."""
    # Spinning OpenMP threads would take the cores from the requests. Read when torch is loaded.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    signal.signal(signal.SIGTERM, _stop_before_serving)
    prometheus_client.disable_created_metrics()  # type: ignore[no-untyped-call]  # it has no types
    settings = Settings()
    logging.basicConfig(
        level=settings.log_level, format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )
    try:
        _serve(settings)
    except TrueupError as error:
        sys.stderr.write(f"trueup gateway: {error.told}\n")
        return 1
    return 0


def _serve(settings: Settings) -> None:
    listener = listen(settings.host, settings.gateway_port, setting="gateway_port")
    settings.home.mkdir(parents=True, exist_ok=True)
    database = Database.open(settings.resolved_database_url)
    engine = LazyEngine(settings)
    engine.prepare()
    run(build_gateway(build_service(settings, database, engine)), [listener])
    database.close()


def _stop_before_serving(_number: int, _frame: object) -> None:
    sys.exit(0)


if __name__ == "__main__":
    take_no_arguments(
        "python -m registry.serving",
        "Answer live traffic with the live versions, until asked to stop.",
    )
    sys.exit(main())
