"""Starts jobs by forking a process that has imported torch already: a tenth of a second each."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from queue import SimpleQueue

ROOT = Path(__file__).parents[2]
TRAINING = "controller.training.__main__"


class ForkedProcess:
    """A running job, to be asked as one asks a ``subprocess.Popen``."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self._ended = threading.Event()
        self._code: int | None = None

    def end(self, code: int) -> None:
        self._code = code
        self._ended.set()

    def poll(self) -> int | None:
        return self._code

    def wait(self, timeout: float = 120) -> int:
        assert self._ended.wait(timeout), f"process {self.pid} does not end"
        return self._code

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


class Forkserver:
    """One process that forks; it is started with the first job."""

    def __init__(self, *hidden: str) -> None:
        """``hidden``: what the jobs hide from transformers."""
        self._hidden = hidden
        self._server: subprocess.Popen[bytes] | None = None
        self._reader: threading.Thread | None = None
        self._started: SimpleQueue[ForkedProcess] = SimpleQueue()

    def start(self, folder: Path, module: str = TRAINING, **environment: str) -> ForkedProcess:
        """Start ``python -m module folder``; the module has a ``main``."""
        if self._server is None:
            self._open()
        line = {"module": module, "folder": str(folder), "environment": environment}
        self._server.stdin.write(json.dumps(line).encode() + b"\n")
        self._server.stdin.flush()
        return self._started.get(timeout=120)

    def run(self, folder: Path, *, meanwhile: Callable[[int, Path], None] = lambda *_: None) -> int:
        """Run the job and give how it ended; ``meanwhile`` gets its pid and folder."""
        process = self.start(folder)
        beside = threading.Thread(target=meanwhile, args=(process.pid, folder), daemon=True)
        beside.start()
        code = process.wait()
        beside.join()
        return code

    def run_two(self, folder: Path, module: str) -> None:
        """Run the module as the two processes of one group, as a launcher would."""
        port = _free_port()
        group = {"WORLD_SIZE": "2", "LOCAL_WORLD_SIZE": "2"}
        group |= {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
        both = [
            self.start(folder, module, RANK=str(rank), LOCAL_RANK=str(rank), **group)
            for rank in range(2)
        ]
        assert [process.wait() for process in both] == [0, 0], (folder / "log.txt").read_text()

    def close(self) -> None:
        """End the server; its jobs have ended by then."""
        if self._server is not None:
            self._server.stdin.close()
            self._server.wait(timeout=60)
            self._reader.join()
            self._server.stdout.close()

    def _open(self) -> None:
        self._server = subprocess.Popen(
            [sys.executable, str(ROOT / "tests/jobs/forked.py"), *self._hidden],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=ROOT,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        running: dict[int, ForkedProcess] = {}
        for line in map(json.loads, self._server.stdout):
            self._take(line, running)

    def _take(self, line: Mapping[str, int], running: dict[int, ForkedProcess]) -> None:
        if "started" in line:
            running[line["started"]] = ForkedProcess(line["started"])
            self._started.put(running[line["started"]])
        else:
            running.pop(line["ended"]).end(line["code"])


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]
