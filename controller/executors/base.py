"""What the controller asks of the place where jobs run.

A job is its folder plus what carries it. An executor that has lost its own memory finds its jobs
again by what the run record keeps, so that a controller that was killed adopts what goes on.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

Job = Mapping[str, Any]
"""What the run record keeps: ``pid``, ``started``, and how far the output was read. Empty in the
moment between the record and the process."""


@dataclass(frozen=True)
class Running:
    """The process is at work."""


@dataclass(frozen=True)
class Finished:
    """The job wrote its result."""

    result: dict[str, Any]


@dataclass(frozen=True)
class Lost:
    """The process is gone and left no result; it may be started again."""

    reason: str = "ProcessLost"
    """As in conditions; ``OutOfMemory`` when the kernel or the declared bound ended it."""
    detail: str = ""
    """What is known of how it ended."""
    fix: str | None = None
    """What a person does when it keeps ending like this."""


JobState = Running | Finished | Lost


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
