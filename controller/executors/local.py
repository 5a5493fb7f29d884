"""Child processes of this machine: started, found again, asked to stop, stopped.

The process is remembered as pid and start time, so that a controller that was killed and started
again adopts a job that still runs, and never mistakes a stranger that got the same pid for it.
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

from controller.executors.base import Finished, Job, JobState, Lost, Running
from controller.job_protocol import write_atomically

MODULES: Mapping[str, str] = {
    "data": "controller.data",
    "estimate": "controller.costs",
    "train": "controller.training",
    "trial": "controller.training",
    "evaluate": "controller.evaluation",
}
"""Kind of run → the module that is its job."""


class LocalExecutor:
    """Runs jobs as child processes of this machine."""

    def __init__(
        self, *, threads: int, environment: Mapping[str, str], modules: Mapping[str, str] = MODULES
    ) -> None:
        """``threads``: CPU threads of one job; ``environment``: this process's own."""
        self.threads = threads
        self._modules = modules
        self._environment = dict(environment) | {"PYTHONUNBUFFERED": "1"}
        self._children: dict[int, subprocess.Popen[bytes]] = {}

    def prepare(self, folder: Path, job: Mapping[str, Any]) -> None:
        """Make the job's folder with its input."""
        folder.mkdir(parents=True, exist_ok=True)
        write_atomically(folder / "job.json", json.dumps(job, indent=1))

    def start(self, kind: str, folder: Path, *, before: Job | None = None) -> Job:
        """Start (or start again) the job in ``folder``; ``before`` is the lost job it replaces."""
        with (folder / "log.txt").open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", self._modules[kind], str(folder)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=self._environment,
                start_new_session=True,  # a killed controller must not take its jobs with it
            )
        self._children[process.pid] = process
        started = psutil.Process(process.pid).create_time()
        return dict(before or {}) | {"pid": process.pid, "started": started}

    def poll(self, folder: Path, job: Job) -> JobState:
        """Look at the job: the result first, since a process may end right after writing it."""
        alive = self._is_alive(job)
        result = folder / "result.json"
        if result.exists():
            return Finished(json.loads(result.read_text()))
        return Running() if alive else Lost()

    def interrupt(self, job: Job) -> None:
        """Ask the job to save its work and stop; it is resumable afterwards."""
        self._signal(job, signal.SIGTERM)

    def kill(self, job: Job) -> None:
        """Stop the job and everything it started, now."""
        self._signal(job, signal.SIGKILL)

    def _signal(self, job: Job, number: signal.Signals) -> None:
        if self._is_alive(job):
            with suppress(ProcessLookupError):
                os.killpg(job["pid"], number)

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
