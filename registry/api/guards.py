"""What surrounds every request: counts and latencies, security headers, foreign origins."""

import time
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from urllib.parse import urlsplit

from prometheus_client import CollectorRegistry, Counter, Histogram
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response

from registry.api.problems import problem

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

READS = frozenset({"GET", "HEAD", "OPTIONS"})
SECURITY_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; "
        "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}


class ApiMetrics:
    """Counts requests by route, never by path: the label set stays bounded."""

    def __init__(self, collectors: CollectorRegistry) -> None:
        self.requests = Counter(
            "trueup_api_requests_total",
            "Requests that the API answered.",
            ["route", "method", "status"],
            registry=collectors,
        )
        self.duration = Histogram(
            "trueup_api_request_duration_seconds",
            "Time to the last byte of an answer.",
            ["route"],
            registry=collectors,
            buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5),
        )


class MetricsMiddleware:
    """Measures every request."""

    def __init__(self, app: App, metrics: ApiMetrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, and count."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status = 500

        async def watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        start = time.perf_counter()
        try:
            await self._app(scope, receive, watched)
        finally:
            route = _route_of(scope)
            self._metrics.duration.labels(route).observe(time.perf_counter() - start)
            self._metrics.requests.labels(route, _method_of(scope), str(status)).inc()


class GuardMiddleware:
    """Adds security headers, and refuses what no route should have to think of."""

    def __init__(self, app: App) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse other sites' writes and slashes in names, pass on the rest; add the headers."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in SECURITY_HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        refusal = _refusal(scope)
        await (refusal or self._app)(scope, receive, guarded)


def _refusal(scope: Scope) -> Response | None:
    if b"%2f" in scope.get("raw_path", b"").lower():
        # Routing sees it decoded: a name with a slash would mean another route.
        return problem(404, "Not Found", "no name here has a slash in it")
    if scope["method"] not in READS and _is_foreign(Headers(scope=scope)):
        return problem(
            403,
            "Forbidden",
            "a page of another site may not act here",
            fix="use the command line, or a page of this server",
        )
    return None


def _is_foreign(headers: Headers) -> bool:
    """Browsers say on every write which site's page makes it; other clients say nothing."""
    origin = headers.get("origin")
    return origin is not None and urlsplit(origin).netloc != headers.get("host")


def _route_of(scope: Scope) -> str:
    """Return the path with its parameters' names in place of their values."""
    if "endpoint" not in scope:
        return "other"
    if scope.get("root_path"):
        return str(scope["root_path"])  # static files: whatever was asked for below
    segments = str(scope["path"]).split("/")
    end = len(segments)
    # From the right: a model may be called "models".
    for name, value in reversed(scope.get("path_params", {}).items()):
        end = max((place for place in range(end) if segments[place] == str(value)), default=0)
        segments[end] = f"{{{name}}}"
    return "/".join(segments)


def _method_of(scope: Scope) -> str:
    method: str = scope["method"]
    return method if method in READS | {"POST", "PUT", "PATCH", "DELETE"} else "other"
