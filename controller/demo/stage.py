"""Where the demo plays: its folders, its ports, its processes, and what was found out so far."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Self

from controller.demo.gateway import Gateway
from controller.errors import ControllerError
from controller.supervisor.parts import is_taken
from registry.client import ApiError, ApiUnreachableError, Client
from registry.settings import Settings

PORT_SETTINGS = ("api_port", "gateway_port", "monitor_port", "controller_port")
POLL_SECONDS = 0.2
STOP_SECONDS = 30

Json = Mapping[str, Any]
Tell = Callable[[float | None, str], None]
"""How far a step is (a ratio, or None when that cannot be said), and what it is at."""


class StepFailedError(ControllerError):
    """A step of the demo did not happen."""

    reason = "DemoStepFailed"


@dataclass
class Stage:
    """Everything that the steps share."""

    folder: Path
    ports: Mapping[str, int]
    tell: Tell = lambda _ratio, _text: None
    host: str = "127.0.0.1"
    model: str = ""
    process: subprocess.Popen[bytes] | None = None
    facts: dict[str, float] = field(default_factory=dict)
    """What was measured, for the summary."""
    _open: ExitStack = field(default_factory=ExitStack)

    @property
    def repo(self) -> Path:
        """The GitOps repository."""
        return self.folder / "repo"

    @property
    def home(self) -> Path:
        """The installation's state."""
        return self.folder / "home"

    @property
    def settings(self) -> Settings:
        """The settings that ``trueup up`` runs under here."""
        where: dict[str, Any] = {"host": self.host, "home": self.home, **self.ports}
        return Settings(**where)

    @property
    def api_url(self) -> str:
        """Where the API and the pages are."""
        return f"http://{self.host}:{self.ports['api_port']}"

    @property
    def monitors_url(self) -> str:
        """Where the monitors' metrics are."""
        return f"http://{self.host}:{self.ports['monitor_port']}"

    @cached_property
    def api(self) -> Client:
        """The API's client."""
        return self._open.enter_context(Client(self.api_url))

    @cached_property
    def gateway(self) -> Gateway:
        """The way to ask the model; from when its name is known."""
        url = f"http://{self.host}:{self.ports['gateway_port']}"
        return self._open.enter_context(Gateway(url, self.model))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        """Stop what was started, and close what was opened."""
        self._open.close()
        self.stop()

    def start(self) -> None:
        """Run ``trueup up`` as a person would, tied to the life of this process."""
        tether = [sys.executable, "-m", "controller.supervisor.tether", str(os.getpid())]
        ports = [f"--{name.replace('_', '-')}={port}" for name, port in self.ports.items()]
        where = ["--repo", str(self.repo), "--home", str(self.home)]
        self.home.mkdir(parents=True, exist_ok=True)
        with (self.home / "up.log").open("ab") as log:
            self.process = subprocess.Popen(
                [*tether, sys.executable, "-m", "controller.cli", "up", *where, *ports],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def stop(self) -> None:
        """Stop what was started, and wait until it has ended."""
        if self.process is None:
            return
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(timeout=STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def status(self) -> Json | None:
        """The model's status; None while there is none."""
        try:
            return self.api.get_model(self.model)
        except (ApiError, ApiUnreachableError):
            return None

    def wait_for(self, what: str, holds: Callable[[Json], bool], *, timeout_seconds: float) -> Json:
        """Wait until the model's status fulfils ``holds``, and tell how far it is.

        Raises:
            StepFailedError: It did not in time, it cannot any more, or ``trueup up`` has ended.
        """
        deadline = time.monotonic() + timeout_seconds
        status: Json | None = None
        while time.monotonic() < deadline:
            self.check_alive()
            status = self.status()
            if status is not None:
                if holds(status):
                    return status
                _refuse_when_stalled(what, status)
                self.tell(*_how_far(status))
            time.sleep(POLL_SECONDS)
        why = status["waiting_for"] if status else "the API does not know the model"
        raise StepFailedError(f"not {what} within {timeout_seconds:.0f} s: {why}")

    def check_alive(self) -> None:
        """Raise StepFailedError when ``trueup up`` has ended."""
        if self.process is not None and self.process.poll() is not None:
            raise StepFailedError(
                f"trueup up ended with exit code {self.process.returncode}",
                fix=f"see {self.home / 'up.log'}",
            )


def choose_ports(settings: Settings) -> dict[str, int]:
    """Take the ports of the settings, and any free one where that is taken."""
    chosen: dict[str, int] = {}
    for name in PORT_SETTINGS:
        wanted = getattr(settings, name)
        is_free = wanted not in chosen.values() and not is_taken(settings.host, wanted)
        chosen[name] = wanted if is_free else _any_free_port(settings.host)
    return chosen


def _any_free_port(host: str) -> int:
    with socket.socket() as probe:
        probe.bind((host, 0))
        return int(probe.getsockname()[1])


def _refuse_when_stalled(what: str, status: Json) -> None:
    for condition in status["conditions"]:
        if condition["type"] == "Stalled" and condition["status"] == "True":
            raise StepFailedError(f"not {what}: {condition['reason']}: {condition['message']}")


def _how_far(status: Json) -> tuple[float | None, str]:
    run = status["run"]
    if not run or not run["progress"]:
        return None, status["waiting_for"]
    now = run["progress"]
    return now["ratio"], f"{run['kind']}: {now['phase']}"
