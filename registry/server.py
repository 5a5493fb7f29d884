"""Serving an ASGI application: listen, or say clearly why not; stop cleanly when asked to."""

import errno
import signal
import socket
from collections.abc import Sequence
from typing import Any

import uvicorn

from registry.errors import PortInUseError, RegistryError

BACKLOG = 2048
GRACE_SECONDS = 10
KEEP_ALIVE_SECONDS = 75
"""Longer than clients keep idle connections (httpx: 5), so that the client is who lets go: a
server that does can cross a request on the wire."""
_IN_USE = {errno.EADDRINUSE}


class HostError(RegistryError):
    """There is no such address to listen on here."""

    reason = "BadHost"
    fix = "set host to an address of this machine, such as 127.0.0.1"


def listen(host: str, port: int, *, setting: str | None = None) -> socket.socket:
    """Bind and listen. Port 0 takes any free one.

    Args:
        host: address of this machine.
        port: TCP port.
        setting: the setting that chose the port, for the error's fix.

    Raises:
        PortInUseError: another process listens there.
        HostError: the address is not one of this machine.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        # With the protocol said, asyncio sets TCP_NODELAY; without it, answers can wait 40 ms.
        listener = socket.socket(family, kind, protocol or socket.IPPROTO_TCP)
    except OSError as error:
        raise HostError(f"cannot listen on {host}: {error.strerror}") from error
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(address)
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        if error.errno in _IN_USE:
            raise PortInUseError(port, setting=setting) from error
        raise HostError(f"cannot listen on {host}:{port}: {error.strerror}") from error
    listener.settimeout(0)
    return listener


def make_server(app: Any) -> uvicorn.Server:
    """Make a server for an ASGI application, quiet about requests."""
    return uvicorn.Server(
        uvicorn.Config(
            app,
            access_log=False,
            log_level="warning",
            server_header=False,
            timeout_graceful_shutdown=GRACE_SECONDS,
            timeout_keep_alive=KEEP_ALIVE_SECONDS,
        )
    )


def run(app: Any, sockets: Sequence[socket.socket]) -> None:
    """Serve until SIGTERM or SIGINT, finish what is being answered, and return.

    For a process's main thread.
    """
    # uvicorn raises the signal again when it is done: to these handlers, so that being asked to
    # stop and stopping is a success.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _already_stopping)
    make_server(app).run(sockets=list(sockets))


def _already_stopping(_number: int, _frame: Any) -> None:
    """Nothing is left to do."""
