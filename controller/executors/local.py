"""Child processes of this machine: started, found again, asked to stop, stopped.

The process is remembered as pid and start time, so that a controller that was killed and started
again adopts a job that still runs, and never mistakes a stranger that got the same pid for it.
Every executor stands on this one: torchrun and Ray are child processes too, that start others.
"""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil

from controller.executors import memory
from controller.executors.base import Finished, Job, JobState, Lost, Running
from controller.job_protocol import write_atomically
from controller.training.ranks import NAMES

MODULES: Mapping[str, str] = {
    "data": "controller.data",
    "estimate": "controller.costs",
    "train": "controller.training",
    "trial": "controller.training",
    "evaluate": "controller.evaluation",
}
"""Kind of run → the module that is its job."""
MEMORY_FIX = "raise compute.memory_gib, take a machine with more memory, or a smaller base"


class LocalExecutor:
    """Runs jobs as child processes of this machine."""

    def __init__(
        self,
        *,
        threads: int,
        environment: Mapping[str, str],
        modules: Mapping[str, str] = MODULES,
        launcher: str | None = None,
    ) -> None:
        """``threads``: CPU threads of one job; ``environment``: this process's own.

        ``launcher`` is the module that starts the job's module, wherever and as often as it is to
        run; none starts it here, once.
        """
        self.threads = threads
        self._modules = modules
        self._launcher = [] if launcher is None else [launcher]
        # A controller that is itself one of several processes must not make its jobs into that.
        inherited = {name: value for name, value in environment.items() if name not in NAMES}
        self._environment = inherited | {"PYTHONUNBUFFERED": "1"}
        self._children: dict[int, subprocess.Popen[bytes]] = {}

    def prepare(self, folder: Path, job: Mapping[str, Any]) -> None:
        """Make the job's folder with its input."""
        folder.mkdir(parents=True, exist_ok=True)
        write_atomically(folder / "job.json", json.dumps(job, indent=1))

    def start(self, kind: str, folder: Path, *, before: Job | None = None) -> Job:
        """Start (or start again) the job in ``folder``; ``before`` is the lost job it replaces."""
        command = [*self._launcher, self._modules[kind], str(folder)]
        with (folder / "log.txt").open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", *command],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=self._environment,
                start_new_session=True,  # a killed controller must not take its jobs with it
            )
        self._children[process.pid] = process
        return dict(before or {}) | {
            "pid": process.pid,
            "started": psutil.Process(process.pid).create_time(),
            "memory_marks": len(memory.marks(folder)),
            "kills_by_kernel": memory.kills_by_kernel(),
        }

    def poll(self, folder: Path, job: Job) -> JobState:
        """Look at the job: the result first, since a process may end right after writing it."""
        alive = self._is_alive(job)
        result = folder / "result.json"
        if result.exists():
            return Finished(json.loads(result.read_text()))
        return Running() if alive else _lost(folder, job)

    def interrupt(self, job: Job) -> None:
        """Ask the job to save its work and stop; it is resumable afterwards."""
        if self._is_alive(job):
            with suppress(ProcessLookupError):
                os.killpg(job["pid"], signal.SIGTERM)

    def kill(self, job: Job) -> None:
        """Stop the job and everything it started, now."""
        if not self._is_alive(job):
            return
        # What it started may have sessions of its own; what is stopped can start nothing more.
        with suppress(psutil.NoSuchProcess, ProcessLookupError):
            process = psutil.Process(job["pid"])
            process.suspend()
            started = process.children(recursive=True)
            os.killpg(job["pid"], signal.SIGKILL)
            for child in started:
                with suppress(psutil.NoSuchProcess):
                    child.kill()

    def _is_alive(self, job: Job) -> bool:
        if "pid" not in job:
            return False
        child = self._children.get(job["pid"])
        if child is not None and child.poll() is not None:  # reaped, and so not a zombie
            del self._children[job["pid"]]
        try:
            process = psutil.Process(job["pid"])
            is_same = abs(process.create_time() - job["started"]) < 1
            return bool(is_same and process.status() != psutil.STATUS_ZOMBIE)
        except psutil.NoSuchProcess:
            return False


def _lost(folder: Path, job: Job) -> Lost:
    before = job.get("memory_marks", sys.maxsize)
    is_noted = len(memory.marks(folder)) > before
    if not is_noted and memory.kills_by_kernel() > job.get("kills_by_kernel", sys.maxsize):
        memory.note_kill_by_kernel(folder)
    found = memory.marks(folder)
    return Lost("OutOfMemory", found[-1], MEMORY_FIX) if len(found) > before else Lost()
