"""A real installation for tests: the real command, the real processes, the real base model."""

import csv
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import httpx
import psutil

PARTS = ("api", "gateway", "monitor", "controller")
MODEL = "support-intents"


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens on now."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


@dataclass
class Installation:
    """``trueup up`` over one repository, with all its state in one folder."""

    root: Path
    ports: dict[str, int] = field(default_factory=dict)
    supervisor: subprocess.Popen[bytes] | None = None

    @property
    def repo(self) -> Path:
        return self.root / "repo"

    @property
    def environment(self) -> dict[str, str]:
        return os.environ | {
            "TRUEUP_HOME": str(self.root / "home"),
            "TRUEUP_REPO": str(self.repo),
            "TRUEUP_API_URL": f"http://127.0.0.1:{self.ports['api']}",
            "TRUEUP_POLL_SECONDS": "600",  # a commit must be noticed by the watch
            "OMP_NUM_THREADS": "1",
        }

    def trueup(self, *arguments: str, timeout: float = 60) -> subprocess.CompletedProcess[str]:
        """Run the command as a person would."""
        return subprocess.run(
            [sys.executable, "-m", "controller.cli", *arguments],
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )

    def ask(self, *arguments: str) -> Any:
        """Run a command with ``--json`` and return what it printed."""
        done = self.trueup(*arguments, "--json")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def wait(self, condition: str, *, seconds: int = 300) -> None:
        done = self.trueup(
            "wait", MODEL, "--for", condition, "--timeout", str(seconds), timeout=seconds + 30
        )
        assert done.returncode == 0, f"{done.stdout}{done.stderr}\n{self.logs()}"

    def git(self, *arguments: str) -> str:
        done = subprocess.run(
            ["git", "-C", self.repo, "-c", "user.name=Ann", "-c", "user.email=ann@x", *arguments],
            check=True,
            capture_output=True,
            text=True,
        )
        return done.stdout.strip()

    def dvc(self, *arguments: str) -> None:
        subprocess.run(
            [sys.executable, "-m", "dvc", *arguments],
            cwd=self.repo,
            check=True,
            capture_output=True,
            env=os.environ | {"DVC_NO_ANALYTICS": "1"},
        )

    def change_spec(self, old: str, new: str, message: str) -> None:
        path = self.repo / "specs" / f"{MODEL}.yaml"
        text = path.read_text()
        assert old in text, f"{old!r} is not in the spec"
        path.write_text(text.replace(old, new, 1))
        self.git("commit", "-qam", message)

    def cut_rows(self, split: str, rows: int) -> None:
        """Keep only the first rows of a data set, for a training of seconds."""
        path = self.repo / "data" / f"{split}.csv"
        with path.open(newline="") as file:
            kept = list(csv.reader(file))[: rows + 1]
        with path.open("w", newline="") as file:
            csv.writer(file).writerows(kept)

    def texts(self, split: str, label: str | None = None) -> list[str]:
        with (self.repo / "data" / f"{split}.csv").open(newline="") as file:
            rows = list(csv.DictReader(file))
        return [row["text"] for row in rows if label in {None, row["category"]}]

    def up(self) -> None:
        log = (self.root / "up.log").open("ab")
        arguments = ["up", "--repo", str(self.repo), "--home", str(self.root / "home")]
        for part in PARTS:
            arguments += [f"--{part}-port", str(self.ports[part])]
        self.supervisor = subprocess.Popen(
            [sys.executable, "-m", "controller.cli", *arguments],
            env=self.environment,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        log.close()
        for part in PARTS:
            self.until(lambda part=part: self.answers(part), f"{part} answers", seconds=90)

    def down(self) -> int:
        assert self.supervisor is not None
        self.supervisor.send_signal(signal.SIGTERM)
        return self.supervisor.wait(timeout=60)

    def answers(self, part: str) -> bool:
        try:
            url = f"http://127.0.0.1:{self.ports[part]}/healthz"
            return httpx.get(url, timeout=2).status_code == 200
        except httpx.TransportError:
            return False

    def process(self, module: str) -> psutil.Process | None:
        """The living process of a module, wherever it hangs in the tree."""
        home = str(self.root / "home")
        for process in psutil.process_iter(["cmdline", "environ"]):
            words = process.info["cmdline"] or []
            environment = process.info["environ"] or {}
            if module in words and environment.get("TRUEUP_HOME") == home:
                return process
        return None

    def predict(self, texts: list[str]) -> httpx.Response:
        url = f"http://127.0.0.1:{self.ports['gateway']}/v1/models/{MODEL}:predict"
        return httpx.post(url, json={"texts": texts}, timeout=30)

    def metrics(self, part: str) -> str:
        return httpx.get(f"http://127.0.0.1:{self.ports[part]}/metrics", timeout=10).text

    def until(self, holds: Any, what: str, *, seconds: float = 120) -> Any:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            found = holds()
            if found:
                return found
            time.sleep(0.05)
        raise AssertionError(f"not within {seconds:.0f} s: {what}\n{self.logs()}")

    def logs(self) -> str:
        """The last words of every part, for a failed test."""
        paths = [self.root / "up.log", *sorted((self.root / "home" / "logs").glob("*.log"))]
        found = [path for path in paths if path.exists()]
        return "\n".join(f"== {path.name}\n{path.read_text()[-2000:]}" for path in found)


class Traffic:
    """Requests that never stop: every answer's status, version and time is kept."""

    def __init__(self, installation: Installation, texts: list[str]) -> None:
        self._installation = installation
        self._texts = texts
        self._stopped = threading.Event()
        self._threads = [threading.Thread(target=self._ask) for _ in range(2)]
        self.answers: list[tuple[float, int, str]] = []
        """``(monotonic time, status, version)``; status 0: no answer at all."""

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        for thread in self._threads:
            thread.join()

    def _ask(self) -> None:
        url = f"http://127.0.0.1:{self._installation.ports['gateway']}/v1/models/{MODEL}:predict"
        with httpx.Client(timeout=30) as client:
            number = 0
            while not self._stopped.is_set():
                text = self._texts[number % len(self._texts)]
                number += 1
                try:
                    answer = client.post(url, json={"texts": [text]})
                    version = answer.headers.get("X-Trueup-Version", "")
                    self.answers.append((time.monotonic(), answer.status_code, version))
                except httpx.TransportError:
                    self.answers.append((time.monotonic(), 0, ""))

    @property
    def failed(self) -> list[tuple[float, int, str]]:
        return [answer for answer in self.answers if answer[1] != 200]
