"""Errors on the wire: RFC 9457 problems, each with what to do about it; never a traceback."""

import logging
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse

from registry.api.schemas import ProblemOut
from registry.errors import ConflictError, NotFoundError, RefusedError, StoreError
from specs.errors import TrueupError

MEDIA_TYPE = "application/problem+json"
STATUS_BY_ERROR: Sequence[tuple[type[TrueupError], HTTPStatus]] = (
    (NotFoundError, HTTPStatus.NOT_FOUND),
    (ConflictError, HTTPStatus.CONFLICT),
    (RefusedError, HTTPStatus.CONFLICT),
    (StoreError, HTTPStatus.SERVICE_UNAVAILABLE),
)
RESPONSES: dict[int | str, dict[str, Any]] = {
    404: {"model": ProblemOut, "description": "There is no such thing"},
    409: {"model": ProblemOut, "description": "Refused, or somebody else was faster"},
    422: {"model": ProblemOut, "description": "The request is not understood"},
}
"""What OpenAPI says of every route."""

_log = logging.getLogger(__name__)


def install_problems(app: FastAPI) -> None:
    """Answer every error of ``app`` with a problem."""
    app.add_exception_handler(TrueupError, _on_ours)
    app.add_exception_handler(RequestValidationError, _on_invalid)
    app.add_exception_handler(HTTPException, _on_http)
    app.add_exception_handler(Exception, _on_bug)


def problem(
    status: int, title: str, detail: str, *, fix: str | None = None, kind: str = "about:blank"
) -> JSONResponse:
    """Make the answer."""
    body = {"type": kind, "title": title, "status": status, "detail": detail, "fix": fix}
    return JSONResponse(body, status_code=status, media_type=MEDIA_TYPE)


def _on_ours(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, TrueupError)
    status = next(
        (status for kind, status in STATUS_BY_ERROR if isinstance(error, kind)),
        HTTPStatus.INTERNAL_SERVER_ERROR,
    )
    return problem(
        status,
        status.phrase,
        str(error),
        fix=error.fix,
        kind=f"urn:trueup:problem:{error.reason}",
    )


def _on_invalid(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    said = "; ".join(
        f"{'.'.join(str(part) for part in one['loc'])}: {one['msg']}" for one in error.errors()
    )
    return problem(
        422,
        "Unprocessable Content",
        said,
        fix="see /api/v1/openapi.json for what the request takes",
        kind="urn:trueup:problem:InvalidRequest",
    )


def _on_http(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    fix = "see /api/v1/openapi.json for all routes" if error.status_code in {404, 405} else None
    detail = f"{request.method} {request.url.path}: {error.detail}"
    return problem(error.status_code, HTTPStatus(error.status_code).phrase, detail, fix=fix)


def _on_bug(request: Request, error: Exception) -> JSONResponse:
    _log.error("request failed", exc_info=error, extra={"path": request.url.path})
    return problem(
        500,
        "Internal Server Error",
        "an error in Trueup itself",
        fix="see the log of this process for what happened",
    )
