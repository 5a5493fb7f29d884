"""Errors as the caller sees them: RFC 9457 problem details, always with what to do about it."""

import json
from http import HTTPStatus
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from registry.serving.errors import GatewayError, InvalidRequestError

MEDIA_TYPE = "application/problem+json"
VERSION_HEADER = "X-Trueup-Version"


async def answer_gateway_error(request: Request, error: Exception) -> Response:
    """Tell the caller why there is no prediction."""
    assert isinstance(error, GatewayError)
    kind = f"urn:trueup:problem:{error.reason}"
    body: dict[str, Any] = {"type": kind, "detail": str(error), "fix": error.fix}
    if isinstance(error, InvalidRequestError):
        body["errors"] = [{"field": one.field, "problem": one.problem} for one in error.invalid]
    headers = {}
    if error.retry_after_seconds is not None:
        headers["Retry-After"] = str(error.retry_after_seconds)
    if error.version is not None:
        headers[VERSION_HEADER] = str(error.version)
        body["version"] = error.version
    return _problem(request, error.status, body, headers)


async def answer_http_error(request: Request, error: Exception) -> Response:
    """Tell the caller that there is no such path, or no such method on it."""
    assert isinstance(error, HTTPException)
    body = {
        "detail": f"{request.method} {request.url.path}: {error.detail}",
        "fix": "the paths are listed at /docs",
    }
    return _problem(request, error.status_code, body, dict(error.headers or {}))


async def answer_internal_error(request: Request, _error: Exception) -> Response:
    """Tell the caller that it is our fault; the traceback stands in the log."""
    body = {"detail": "the gateway failed on this request", "fix": "see the gateway's log"}
    return _problem(request, HTTPStatus.INTERNAL_SERVER_ERROR, body, {})


def _problem(
    request: Request, status: int, body: dict[str, Any], headers: dict[str, str]
) -> Response:
    title = HTTPStatus(status).phrase
    content = {"type": "about:blank", "title": title, "status": int(status), **body}
    if request.url.path.startswith("/v2"):
        # The Open Inference Protocol's own error object, for its clients.
        content["error"] = body["detail"]
    return Response(json.dumps(content), status, headers, MEDIA_TYPE)
