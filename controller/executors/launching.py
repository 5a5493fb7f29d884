"""What the launchers of several processes share."""

import fcntl
import os
from pathlib import Path

RAY_ADDRESS = "TRUEUP_RAY_ADDRESS"
ARTIFACTS = "TRUEUP_ARTIFACTS"
STOP_FILE = "stop"
"""In the job's folder: processes on other machines are to save their step and end."""


def hold(folder: Path) -> None:
    """Hold ``folder`` until this process ends, whatever it becomes by then.

    One launcher works in a folder: a second waits here for the first to end, and then finds that
    the work is done, or goes on with it.
    """
    lock = os.open(folder / "launch.lock", os.O_CREAT | os.O_RDWR)
    os.set_inheritable(lock, True)  # noqa: FBT003  (Python's own signature)
    fcntl.flock(lock, fcntl.LOCK_EX)
