"""One part's process: in a group of its own, its words in a log file, stopped with grace."""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from controller.supervisor.parts import Part

KEPT_LOGS = 3
BYTES_PER_READ = 64 * 1024


class Child:
    """A part's process, or the place where it will be."""

    def __init__(self, part: Part, *, log: Path, environment: Mapping[str, str]) -> None:
        """``log`` gets what the process prints; the log of an earlier start is moved aside."""
        self.part = part
        self.log = log
        self._environment = dict(environment)
        self._process: subprocess.Popen[bytes] | None = None
        self._read_to = 0
        rotate(log)

    @property
    def is_running(self) -> bool:
        """Whether there is a process that has not ended."""
        return self._process is not None and self._process.poll() is None

    @property
    def exit_code(self) -> int | None:
        """How the last process ended (negative: by that signal); None while there is none."""
        return self._process.poll() if self._process else None

    def start(self) -> None:
        """Start the process, tied to this one's life."""
        tether = (sys.executable, "-m", "controller.supervisor.tether", str(os.getpid()))
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [*tether, *self.part.command],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=self._environment,
                start_new_session=True,  # Ctrl-C reaches the supervisor only; it stops the parts
            )

    def forget(self) -> None:
        """Forget a process that has ended."""
        self._process = None

    def ask_to_stop(self) -> None:
        """Send SIGTERM to the process; it stops its own children as it sees fit."""
        if self._process is not None and self.is_running:
            self._process.terminate()

    def kill(self) -> None:
        """Send SIGKILL to the process and all that is left of its group."""
        if self._process is not None and self.is_running:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()

    def new_lines(self) -> list[str]:
        """Read the whole lines that were printed since the last call."""
        with self.log.open("rb") as file:
            file.seek(self._read_to)
            data = file.read(BYTES_PER_READ)
        whole = data[: data.rfind(b"\n") + 1] or (data if len(data) == BYTES_PER_READ else b"")
        self._read_to += len(whole)
        return whole.decode(errors="replace").splitlines()

    def last_line(self) -> str:
        """The last thing it said, for the message about its end."""
        lines = [line for line in tail(self.log) if line.strip()]
        return lines[-1].strip() if lines else "it said nothing"


def rotate(log: Path) -> None:
    """Move ``x.log`` to ``x.log.1``, that to ``x.log.2`` and so on; the oldest is dropped."""
    for number in range(KEPT_LOGS - 1, 0, -1):
        older = log.with_name(f"{log.name}.{number}")
        if older.exists():
            older.replace(log.with_name(f"{log.name}.{number + 1}"))
    if log.exists():
        log.replace(log.with_name(f"{log.name}.1"))
    log.parent.mkdir(parents=True, exist_ok=True)
    log.touch()


def tail(log: Path) -> list[str]:
    """Read the last few lines of a log."""
    with log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - BYTES_PER_READ))
        return file.read().decode(errors="replace").splitlines()
