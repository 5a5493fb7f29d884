"""What a job and the controller say to each other: files in one folder, nothing else.

A job is a child process: ``python -m controller.training FOLDER``. It reads ``job.json``, appends
to ``progress.jsonl``, writes files under ``output/``, and last of all ``result.json``, at once and
whole. A job that is gone without a result was lost, and is started again in the same folder: that
is why nothing but the result counts, and why training keeps its checkpoints here.
"""

import errno
import fcntl
import json
import os
import signal
import sys
import tempfile
import traceback
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

from registry.records import Failure
from specs.errors import TrueupError

INTERRUPTED_EXIT_CODE = 75
"""BSD's EX_TEMPFAIL: stopped on request, without a result; start it again to go on."""

MEMORY_FILE = "out_of_memory.jsonl"
"""One line for each process of the job that was ended for its memory."""
REPAIRS_FILE = "repairs.json"
"""What the job changed about itself instead of failing; its next start goes on from it."""
FOLLOWERS_PREFIX = "follower-"
RESERVED_BYTES = 16 * 1024


class Interrupted(BaseException):
    """SIGTERM arrived. A job that can save its work catches this, saves, and raises it again."""


class PeerLost(BaseException):
    """Another process of the same job is gone, or must be: all end, and are started again."""


class JobFolder:
    """One job's folder, from the side of the child process."""

    def __init__(self, path: Path) -> None:
        """``path`` holds ``job.json`` already."""
        self.path = path
        self.job: dict[str, Any] = json.loads((path / "job.json").read_text())
        self.output = path / "output"
        self.checkpoints = path / "checkpoints"
        self.output.mkdir(exist_ok=True)
        self.checkpoints.mkdir(exist_ok=True)
        # Space for the result is taken now, so that a job on a full disk can still say so.
        self._reserve = path / "result.reserve"
        self._reserve.write_bytes(b" " * RESERVED_BYTES)

    def progress(
        self,
        phase: str,
        step: int,
        steps: int,
        *,
        message: str = "",
        eta_seconds: float | None = None,
    ) -> None:
        """Say where the job is: ``step`` of ``steps`` in ``phase``."""
        line = {"kind": "progress", "phase": phase, "step": step, "steps": steps}
        self._append(line | {"message": message, "eta_seconds": eta_seconds})

    def point(self, step: int, name: str, value: float) -> None:
        """Record one point of a curve."""
        self._append({"kind": "point", "step": step, "name": name, "value": value})

    def event(self, kind: str, message: str) -> None:
        """Say something that people should find in the model's history."""
        self._append({"kind": "event", "event": kind, "message": message})

    def succeed(self, result: dict[str, Any]) -> None:
        """Write the result; the job is over."""
        self._finish({"ok": True} | result)

    def fail(self, failure: Failure) -> None:
        """Write why there is no result; the job is over."""
        self._finish({"ok": False} | asdict(failure))

    def _append(self, line: dict[str, Any]) -> None:
        append_line(self.path / "progress.jsonl", line)

    def _finish(self, result: dict[str, Any]) -> None:
        text = json.dumps(result, indent=1).encode()
        if len(text) > RESERVED_BYTES:
            write_atomically(self.path / "result.json", text.decode())
            return
        with self._reserve.open("r+b") as file:
            file.write(text)  # the spaces that are left behind it are still JSON
            file.flush()
            os.fsync(file.fileno())
        self._reserve.replace(self.path / "result.json")


class FollowersFolder(JobFolder):
    """The folder from the side of a second process of the same job: it reads, and writes nothing.

    What the shared code saves lands in a scratch folder beside the others. Only a failure is
    written, since the process that fails is the one that knows why.
    """

    def __init__(self, path: Path) -> None:  # the space for a result is the first one's to keep
        """``path`` holds ``job.json``; ``checkpoints`` are copies of the first one's."""
        self.path = path
        self.job = json.loads((path / "job.json").read_text())
        self.shared_checkpoints = path / "checkpoints"
        self._scratch = tempfile.TemporaryDirectory(prefix=FOLLOWERS_PREFIX, dir=path)
        self.output = Path(self._scratch.name) / "output"
        self.checkpoints = Path(self._scratch.name) / "checkpoints"
        self.output.mkdir()
        self.checkpoints.mkdir()

    def _append(self, line: dict[str, Any]) -> None:
        pass

    def _finish(self, result: dict[str, Any]) -> None:
        if not result["ok"] and not (self.path / "result.json").exists():
            write_atomically(self.path / "result.json", json.dumps(result, indent=1))


def append_line(path: Path, line: dict[str, Any]) -> None:
    """Append one line of JSON, in one write: a reader never sees half of it, whoever is killed."""
    with path.open("a") as file:
        file.write(json.dumps(line) + "\n")


def write_atomically(path: Path, text: str) -> None:
    """Write ``text`` so that ``path`` is either as before or complete, even after a power cut."""
    temporary = path.with_name(path.name + ".tmp")
    with temporary.open("w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)


def run_job(main: Callable[[JobFolder], dict[str, Any]]) -> NoReturn:
    """The whole ``__main__`` of a job: run ``main``, turn every end into a result or exit code."""
    path = Path(sys.argv[1])
    signal.signal(signal.SIGTERM, _interrupt)
    # One process works in a folder, even if a controller that was killed at the wrong moment
    # started two: the second waits here, and then finds that the work is done.
    lock = (path / "lock").open("w")
    fcntl.flock(lock, fcntl.LOCK_EX)
    if (path / "result.json").exists():
        sys.exit(0)
    _run(main, JobFolder(path))


def follow_job(main: Callable[[JobFolder], dict[str, Any]]) -> NoReturn:
    """The ``__main__`` of a job's second and later processes: as ``run_job``, without a result."""
    signal.signal(signal.SIGTERM, _interrupt)
    _run(main, FollowersFolder(Path(sys.argv[1])))


def _run(main: Callable[[JobFolder], dict[str, Any]], folder: JobFolder) -> NoReturn:
    try:
        folder.succeed(main(folder))
    except Interrupted:
        print("interrupted; the next start goes on from here", flush=True)  # noqa: T201  (a job's log)
        sys.exit(INTERRUPTED_EXIT_CODE)
    except PeerLost as lost:
        print(f"stopped without a result: {lost}", flush=True)  # noqa: T201  (a job's log)
        sys.exit(INTERRUPTED_EXIT_CODE)
    except Exception as error:  # noqa: BLE001  (the boundary of the process)
        traceback.print_exc()
        folder.fail(failure_of(error))
    sys.exit(0)


def failure_of(error: Exception) -> Failure:
    """Put any exception in the words that a condition shows."""
    match error:
        case TrueupError():
            return Failure(error.reason, str(error), error.fix, is_transient=error.is_transient)
        case OSError(errno=errno.ENOSPC):
            fix = "free space on the disk that holds the home folder; the run goes on by itself"
            return Failure(
                "DiskFull", f"no space left on device: {error.filename}", fix, is_transient=True
            )
        case MemoryError():
            fix = "lower per_device_train_batch_size or max_length"
            return Failure("OutOfMemory", "the job ran out of memory", fix)
        case _:
            fix = "see the run's log; this is a fault of Trueup's own, please report it"
            return Failure("InternalError", f"{type(error).__name__}: {error}", fix)


def _interrupt(_number: int, _frame: FrameType | None) -> NoReturn:
    raise Interrupted
