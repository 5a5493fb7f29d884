"""Whether a job that is gone was ended for its memory: by the declared bound, or by the kernel.

Both end a process without a word of its own. The bound's watch leaves a line in the job's folder
first (``controller.training.memory_bound``); the kernel counts the processes it kills.
"""

import json
from pathlib import Path

from controller.job_protocol import MEMORY_FILE, append_line

VMSTAT = Path("/proc/vmstat")


def kills_by_kernel(counters: Path = VMSTAT) -> int:
    """How many processes the kernel has killed for want of memory; 0 where it does not say."""
    try:
        lines = counters.read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("oom_kill ")), 0)


def marks(folder: Path) -> list[str]:
    """What was noted in ``folder`` of processes that were ended for their memory, oldest first."""
    path = folder / MEMORY_FILE
    lines = path.read_text().splitlines() if path.exists() else []
    return [str(json.loads(line)["message"]) for line in lines]


def note_kill_by_kernel(folder: Path) -> None:
    """Note what only the kernel's counter tells, so that the next attempt takes less."""
    append_line(
        folder / MEMORY_FILE, {"message": "the kernel killed it: the machine's memory ran out"}
    )
