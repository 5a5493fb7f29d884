"""The parts of an installation: which process, on which port, and which setting moves it."""

import errno
import json
import socket
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from registry.settings import Settings
from specs.errors import TrueupError


class PortTakenError(TrueupError):
    """Another process listens where a part would, or two parts would listen on the same port."""

    reason = "PortInUse"

    def __init__(self, part: "Part", *, by: str) -> None:
        """``by`` says who has the port."""
        super().__init__(f"port {part.port} of the {part.name} is taken by {by}")
        self.part = part
        option = part.setting.replace("_", "-")
        variable = f"TRUEUP_{part.setting.upper()}"
        self.fix = f"stop that process, or choose another port: --{option} N or {variable}=N"


@dataclass(frozen=True)
class Part:
    """One long-lived process."""

    name: str
    command: tuple[str, ...]
    host: str
    port: int
    setting: str
    """The setting that holds the port."""
    serves: str
    """What a person finds at its address."""

    @property
    def url(self) -> str:
        """Where it answers, as seen from this machine."""
        host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(self.host, self.host)  # noqa: S104  (reads, binds nothing)
        return f"http://{host}:{self.port}"


def parts_of(settings: Settings) -> tuple[Part, ...]:
    """Name the parts in the order of their start: the others ask the first."""
    modules = (
        ("registry", "registry", "api_port", "web page and API"),
        ("gateway", "registry.serving", "gateway_port", "predictions"),
        ("monitors", "monitors", "monitor_port", "data-drift metrics"),
        ("controller", "controller", "controller_port", "controller metrics"),
    )
    return tuple(
        Part(
            name=name,
            command=(sys.executable, "-m", module),
            host=settings.host,
            port=getattr(settings, setting),
            setting=setting,
            serves=serves,
        )
        for name, module, setting, serves in modules
    )


def environment_of(settings: Settings, inherited: Mapping[str, str]) -> dict[str, str]:
    """Hand ``settings`` on to children: every value that is set, as its ``TRUEUP_…`` variable."""
    values = settings.model_dump(mode="json")
    ours = {f"TRUEUP_{name.upper()}": _as_text(value) for name, value in values.items()}
    return {**inherited, **{name: text for name, text in ours.items() if text is not None}}


def check_ports(parts: Sequence[Part]) -> None:
    """Raise PortTakenError for the first part that could not listen on its port."""
    owners: dict[int, str] = {}
    for part in parts:
        if part.port in owners:
            raise PortTakenError(part, by=f"the {owners[part.port]} of this installation")
        if is_taken(part.host, part.port):
            raise PortTakenError(part, by="another process")
        owners[part.port] = part.name


def is_taken(host: str, port: int) -> bool:
    """Whether another process listens on ``port`` of ``host``."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        # As the servers do: a port that only waits for old connections to time out is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                return True
            raise
    return False


def _as_text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value)
