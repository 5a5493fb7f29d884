"""The controller's threads: how they end."""

import threading
import time

from controller.loop import Controller
from controller.metrics import ControllerMetrics


def test_looks_that_hang_share_one_grace_and_jobs_are_asked_to_save(world):
    world.executor.held.add("train")
    while "train" not in world.executor.started:
        world.look()
    controller = Controller(world.tools, ControllerMetrics(), grace_seconds=0.5)
    controller.start()
    free = threading.Event()
    hanging = [threading.Thread(target=free.wait, daemon=True) for _ in range(6)]
    for thread in hanging:
        thread.start()
    controller._threads += hanging

    started = time.monotonic()
    controller.stop()

    assert time.monotonic() - started < 2.5
    assert world.executor.killed
    free.set()
