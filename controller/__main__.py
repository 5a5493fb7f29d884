"""``python -m controller``: follow the repository and reconcile, until asked to stop."""

import logging
import signal
import sys
from queue import SimpleQueue

from controller.loop import Controller
from controller.metrics import ControllerMetrics
from controller.settings import ControllerSettings
from controller.wiring import open_tools
from registry.part_help import take_no_arguments
from registry.probes import serve_probes
from specs.errors import TrueupError


def main() -> int:
    """Run the controller; 0 after a clean stop, 1 when it could not start."""
    settings = ControllerSettings()
    logging.basicConfig(level=settings.log_level, format="%(asctime)s %(levelname)s %(message)s")
    # Not an Event: a signal that comes while its lock is held would wait for itself.
    asked: SimpleQueue[int] = SimpleQueue()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda number, _frame: asked.put(number))
    metrics = ControllerMetrics()
    try:
        controller = Controller(open_tools(settings), metrics)
        probes = serve_probes(
            settings.host,
            settings.controller_port,
            is_ready=lambda: controller.not_ready,
            collectors=metrics.registry,
            setting="controller_port",
        )
    except TrueupError as error:
        sys.stderr.write(f"trueup controller: {error.told}\n")
        return 1
    controller.start()
    asked.get()
    controller.stop()
    probes.stop()
    return 0


if __name__ == "__main__":
    take_no_arguments(
        "python -m controller",
        "Follow the repository and reconcile its models, until asked to stop.",
    )
    sys.exit(main())
