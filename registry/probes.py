"""What every long-lived part answers: is it alive, is it ready, what does it count."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

import uvicorn
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from registry.server import listen, make_server

START_SECONDS = 10.0
STOP_SECONDS = 5.0

Readiness = Callable[[], str | None]
"""None when the part is ready, else the reason why it is not."""


def probe_routes(*, is_ready: Readiness, collectors: CollectorRegistry) -> list[Route]:
    """Make ``/healthz``, ``/readyz`` and ``/metrics``."""

    def healthz(_request: Request) -> Response:
        return JSONResponse({"status": "ok"})

    def readyz(_request: Request) -> Response:
        reason = is_ready()
        if reason is None:
            return JSONResponse({"status": "ok", "reason": ""})
        return JSONResponse({"status": "unavailable", "reason": reason}, status_code=503)

    def metrics(_request: Request) -> Response:
        return Response(generate_latest(collectors), media_type=CONTENT_TYPE_LATEST)

    return [
        Route("/healthz", healthz),
        Route("/readyz", readyz),
        Route("/metrics", metrics),
    ]


@dataclass(frozen=True)
class Probes:
    """Probes that are being served from a thread of this process."""

    port: int
    """The port they listen on, also when any free one was asked for."""
    _server: uvicorn.Server
    _thread: threading.Thread

    def stop(self) -> None:
        """Stop serving; returns when the port is free again. Safe to repeat."""
        self._server.should_exit = True
        self._thread.join(timeout=STOP_SECONDS)


def serve_probes(
    host: str,
    port: int,
    *,
    is_ready: Readiness,
    collectors: CollectorRegistry,
    setting: str | None = None,
) -> Probes:
    """Serve the probes from a daemon thread, for parts whose main thread has other work.

    Raises:
        PortInUseError: another process listens there; ``setting`` makes its fix exact.
    """
    listener = listen(host, port, setting=setting)
    server = make_server(Starlette(routes=probe_routes(is_ready=is_ready, collectors=collectors)))
    thread = threading.Thread(
        target=server.run, kwargs={"sockets": [listener]}, name="probes", daemon=True
    )
    thread.start()
    _wait_until_started(server, thread)
    return Probes(port=listener.getsockname()[1], _server=server, _thread=thread)


def _wait_until_started(server: uvicorn.Server, thread: threading.Thread) -> None:
    end = time.monotonic() + START_SECONDS
    while not server.started and thread.is_alive() and time.monotonic() < end:
        thread.join(timeout=0.01)
