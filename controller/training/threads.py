"""How many CPU threads a job may use. No torch: this is asked before torch is imported."""

import math
import os
from pathlib import Path

CGROUP_QUOTA = Path("/sys/fs/cgroup/cpu.max")


def usable_threads(quota_file: Path = CGROUP_QUOTA) -> int:
    """Cores this process may run on, cut to the cgroup's CPU quota; at least 1."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return max(1, min(cores or 1, _quota(quota_file)))


def _quota(file: Path) -> int:
    try:
        quota, period = file.read_text().split()
    except (OSError, ValueError):
        return os.cpu_count() or 1
    if quota == "max":
        return os.cpu_count() or 1
    return max(1, math.floor(int(quota) / int(period)))
