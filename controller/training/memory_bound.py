"""The declared bound on a process's memory, kept by the process itself.

A watch inside the process holds wherever it runs: as a child of the controller, under torchrun, on
another machine of a Ray cluster, and while no controller is there to look. It counts what is
resident, which is what a machine runs out of; a limit on addresses (RLIMIT_AS) would count what
torch reserves and never touches. The process is ended at once, with a line in the job's folder that
makes the next attempt take smaller batches.
"""

import os
import signal
import threading
import time
from pathlib import Path

import psutil

from controller.job_protocol import MEMORY_FILE, append_line

SECONDS_BETWEEN_LOOKS = 0.05
GIB = 2**30


def keep_within(limit_gib: float, folder: Path) -> None:
    """From now on end this process when it takes more than ``limit_gib`` of memory."""
    watch = threading.Thread(target=_watch, args=(limit_gib, folder), daemon=True, name="memory")
    watch.start()


def _watch(limit_gib: float, folder: Path) -> None:
    this = psutil.Process()
    while True:
        used = this.memory_info().rss
        if used > limit_gib * GIB:
            message = f"it took {used / GIB:.2f} GiB, and compute.memory_gib allows {limit_gib:g}"
            append_line(folder / MEMORY_FILE, {"message": message})
            print(f"out of memory: {message}", flush=True)  # noqa: T201  (the job's log)
            os.kill(os.getpid(), signal.SIGKILL)
        time.sleep(SECONDS_BETWEEN_LOOKS)
