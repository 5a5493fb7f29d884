"""The machine as far as it decides time and memory. Reads files; loads no framework."""

import os
import platform
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import psutil

PROCESSORS = Path("/proc/cpuinfo")
LIMITS = (
    Path("/sys/fs/cgroup/memory.max"),
    Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"),
)
DECLARED_BOUND = "compute.memory_gib"
GIB = 2**30
GPU_QUERY = ("--query-gpu=name,memory.total", "--format=csv,noheader,nounits")
GPU_SECONDS = 10


@dataclass(frozen=True)
class Machine:
    """Where a training will run."""

    processor: str
    cores: int
    threads: int
    """CPU threads of one process."""
    gpus: tuple[str, ...]
    memory_bytes: int
    """What a training can never exceed."""
    memory_basis: str
    """Where that limit comes from."""
    free_bytes: int
    """What nobody uses at the moment."""

    @property
    def name(self) -> str:
        """What earlier runs are recognised by."""
        gpus = "".join(f", {gpu}" for gpu in self.gpus)
        return f"{self.processor}, {self.cores} cores, {self.threads} threads{gpus}"


def read_machine(*, threads: int, bound_gib: float | None = None) -> Machine:
    """Look at this machine; ``bound_gib`` is the spec's own limit on memory."""
    limits = {"the machine's memory": psutil.virtual_memory().total}
    for file in LIMITS:
        if (limit := _limit(file)) is not None:
            limits["the container's memory limit"] = limit
    if bound_gib is not None:
        limits[DECLARED_BOUND] = round(bound_gib * GIB)
    basis = min(limits, key=lambda name: limits[name])
    return Machine(
        processor=_processor(),
        cores=len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 1,
        threads=threads,
        gpus=_gpus(),
        memory_bytes=limits[basis],
        memory_basis=basis,
        free_bytes=psutil.virtual_memory().available,
    )


def _limit(file: Path) -> int | None:
    try:
        told = file.read_text().strip()
    except OSError:
        return None
    # Without a limit, version 1 says a number larger than any memory.
    return int(told) if told.isdecimal() and int(told) < psutil.virtual_memory().total else None


def _processor() -> str:
    try:
        lines = PROCESSORS.read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.machine())


def _gpus() -> tuple[str, ...]:
    tool = shutil.which("nvidia-smi")
    if tool is None:
        return ()
    try:
        asked = subprocess.run(
            [tool, *GPU_QUERY], capture_output=True, text=True, timeout=GPU_SECONDS, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return ()
    return tuple(f"{line.strip()} MiB" for line in asked.stdout.splitlines() if line.strip())
