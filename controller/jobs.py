"""Child processes that carry runs: start them, find them again, read what they say, stop them.

A job is its folder plus a process. The process is remembered as pid and start time, so that a
controller that was killed and started again adopts a job that still runs, and never mistakes a
stranger that got the same pid for it.
"""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

import psutil

from controller.job_protocol import write_atomically
from registry.records import CurvePoint, Progress

Job = Mapping[str, Any]
"""What the run record keeps: ``pid``, ``started``, and how far the output was read. Empty in the
moment between the record and the process."""

MODULES: Mapping[str, str] = {
    "data": "controller.data",
    "train": "controller.training",
    "evaluate": "controller.evaluation",
}
"""Kind of run → the module that is its job."""
OUTPUT_BYTES_PER_READ = 256 * 1024


@dataclass(frozen=True)
class Running:
    """The process is at work."""


@dataclass(frozen=True)
class Finished:
    """The job wrote its result."""

    result: dict[str, Any]


@dataclass(frozen=True)
class Lost:
    """The process is gone and left no result."""


JobState = Running | Finished | Lost


@dataclass(frozen=True)
class Output:
    """What a job has said since the last look."""

    lines: tuple[str, ...]
    points: tuple[CurvePoint, ...]
    progress: Progress | None
    job: Job
    """The job with its reading positions moved on."""


class Executor(Protocol):
    """Where jobs run. One that has lost its own memory must still find its jobs again."""

    threads: int
    """CPU threads that one job may use."""

    def prepare(self, folder: Path, job: Mapping[str, Any]) -> None:
        """Make the job's folder with its input."""

    def start(self, kind: str, folder: Path, *, before: Job | None = None) -> Job:
        """Start (or start again) the job in ``folder``; ``before`` is the lost job it replaces."""

    def poll(self, folder: Path, job: Job) -> JobState:
        """Say whether the job works, has finished, or was lost."""

    def interrupt(self, job: Job) -> None:
        """Ask the job to save its work and stop; it is resumable afterwards."""

    def kill(self, job: Job) -> None:
        """Stop the job and everything it started, now."""


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


def read_output(folder: Path, job: Job) -> Output:
    """Read what the job has printed and reported since the positions in ``job``."""
    log, log_position = _new_lines(folder / "log.txt", job.get("log_position", 0))
    reports, progress_position = _new_lines(
        folder / "progress.jsonl", job.get("progress_position", 0)
    )
    parsed = [json.loads(line) for line in reports]
    progress = [line for line in parsed if line["kind"] == "progress"]
    points = [line for line in parsed if line["kind"] == "point"]
    return Output(
        lines=tuple(log),
        points=tuple(CurvePoint(p["step"], p["name"], p["value"]) for p in points),
        progress=_progress(progress[-1]) if progress else None,
        job=dict(job) | {"log_position": log_position, "progress_position": progress_position},
    )


def _progress(line: Mapping[str, Any]) -> Progress:
    bare = Progress(line["phase"], line["step"], line["steps"])
    return replace(bare, message=line["message"], eta_seconds=line["eta_seconds"])


def _new_lines(path: Path, position: int) -> tuple[list[str], int]:
    # Only whole lines are taken: the rest of a line that is being written comes next time.
    if not path.exists():
        return [], position
    with path.open("rb") as file:
        file.seek(position)
        data = file.read(OUTPUT_BYTES_PER_READ)
    whole = data[: data.rfind(b"\n") + 1]
    return whole.decode(errors="replace").splitlines(), position + len(whole)
