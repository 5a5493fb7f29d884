"""What a process settles before it imports torch: its threads, and what stays hidden."""

import math
import os
import signal
import sys
import threading
import time
from collections.abc import Iterable
from importlib.util import find_spec
from pathlib import Path

SLOW_AND_UNUSED = ("datasets", "pandas", "sklearn")
"""Libraries that transformers imports when it finds them, for features that no job uses."""
CPU_INFORMATION = Path("/proc/cpuinfo")
SECONDS_BETWEEN_LOOKS = 0.2
CGROUP_QUOTA = Path("/sys/fs/cgroup/cpu.max")
CGROUP_V1 = Path("/sys/fs/cgroup/cpu")


def settle(threads: int, *, hidden: Iterable[str] = SLOW_AND_UNUSED) -> None:
    """Choose the CPU threads of this process, and hide libraries from transformers.

    Nothing of torch may have been imported before.
    """
    os.environ["OMP_NUM_THREADS"] = str(threads)
    # Spinning threads on a busy machine made training three times slower than one thread.
    os.environ["OMP_WAIT_POLICY"] = "PASSIVE"
    os.environ["TOKENIZERS_PARALLELISM"] = "false"
    # None in sys.modules is Python's own way to say "not importable": 2 CPU seconds a start.
    for name in hidden:
        if find_spec(name) is not None:
            sys.modules[name] = None  # type: ignore[assignment]  # documented, missing from typeshed


def end_with_parent() -> None:
    """End this process when the one that started it is gone: nobody would know of it any more."""
    parent = os.getppid()

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(SECONDS_BETWEEN_LOOKS)
        os.kill(os.getpid(), signal.SIGKILL)

    threading.Thread(target=watch, daemon=True, name="parent").start()


def usable_threads(quota_file: Path = CGROUP_QUOTA, first_version: Path = CGROUP_V1) -> int:
    """Cores this process may run on, cut to the cgroup's CPU quota (v2, else v1); at least 1."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    quota = _quota(quota_file) or _quota_of_v1(first_version)
    return max(1, min(cores or 1, quota or cores or 1))


def has_fast_bf16(information: Path = CPU_INFORMATION) -> bool:
    """Whether this CPU computes faster in bfloat16 than in float32: only AMX makes it so."""
    try:
        return "amx_bf16" in information.read_text()
    except OSError:
        return False


def _quota(file: Path) -> int | None:
    try:
        quota, period = file.read_text().split()
        return max(1, math.floor(int(quota) / int(period)))
    except (OSError, ValueError):  # absent, or "max"
        return None


def _quota_of_v1(folder: Path) -> int | None:
    try:
        quota = int((folder / "cpu.cfs_quota_us").read_text())
        period = int((folder / "cpu.cfs_period_us").read_text())
    except (OSError, ValueError):
        return None
    return max(1, math.floor(quota / period)) if quota > 0 else None  # -1 is "no quota"
