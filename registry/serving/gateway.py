"""The HTTP edge of the gateway: paths, protocols and counting. What answers stands in service.py.

Bodies are read and checked by hand, because FastAPI would read a body of any size first; the
routes still say what they take and give, so ``/docs`` and ``/openapi.json`` are complete.
"""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version
from typing import Any, Self

from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from registry.probes import probe_routes
from registry.serving import problems, protocol_v1, protocol_v2
from registry.serving.bodies import read_body
from registry.serving.errors import GatewayError, Invalid, InvalidRequestError
from registry.serving.metrics import UNKNOWN
from registry.serving.router import entry_of, route
from registry.serving.service import Answer, Service

OK = "ok"


def build_gateway(service: Service) -> FastAPI:
    """Make the application; it starts and stops ``service`` with itself."""

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        service.start()
        try:
            yield
        finally:
            await asyncio.to_thread(service.stop)

    app = FastAPI(title="Trueup gateway", version=version("trueup"), lifespan=lifespan)
    app.add_exception_handler(GatewayError, problems.answer_gateway_error)
    app.add_exception_handler(HTTPException, problems.answer_http_error)
    app.add_exception_handler(Exception, problems.answer_internal_error)
    app.router.routes.extend(
        probe_routes(is_ready=service.versions.unready, collectors=service.metrics.collectors)
    )
    _add_predict(app, service)
    _add_infer(app, service)
    _add_protocol_probes(app, service)
    return app


def _add_predict(app: FastAPI, service: Service) -> None:
    @app.post("/v1/models/{name}:predict", **_documented(protocol_v1.PredictRequest))
    async def predict(name: str, request: Request) -> Response:
        """Answer texts with the live version of a model."""
        with _Counted(service, name) as counted:
            entry_of(service.versions.table, name)
            question = protocol_v1.read_question(name, await read_body(request))
            answer = await service.answer(question)
            return counted.answered(answer, protocol_v1.write_answer(answer))


def _add_infer(app: FastAPI, service: Service) -> None:
    documented = _documented(protocol_v2.InferRequest)

    @app.post("/v2/models/{name}/infer", **documented)
    async def infer(name: str, request: Request) -> Response:
        """Answer texts with the live version (Open Inference Protocol)."""
        return await infer_version(name, None, request)

    @app.post("/v2/models/{name}/versions/{number}/infer", **documented)
    async def infer_version(name: str, number: str | None, request: Request) -> Response:
        """Answer texts with one loaded version (Open Inference Protocol)."""
        with _Counted(service, name) as counted:
            entry_of(service.versions.table, name)
            _refuse_binary(request)
            body = protocol_v2.read_request(await read_body(request))
            answer = await service.answer(protocol_v2.question_of(name, body, version=number))
            return counted.answered(answer, protocol_v2.write_answer(answer, body))


def _add_protocol_probes(app: FastAPI, service: Service) -> None:
    @app.get("/v2")
    def server() -> dict[str, Any]:
        """Say who this is (Open Inference Protocol)."""
        return {"name": "trueup", "version": app.version, "extensions": []}

    @app.get("/v2/health/live")
    def live() -> dict[str, bool]:
        """Say that the process lives."""
        return {"live": True}

    @app.get("/v2/health/ready")
    def ready() -> Response:
        """Say whether every live version is loaded."""
        reason = service.versions.unready()
        content = {"ready": reason is None, "reason": reason or ""}
        return JSONResponse(content, 200 if reason is None else 503)

    @app.get("/v2/models/{name}")
    def metadata(name: str) -> Response:
        """Describe a model: its versions, inputs and outputs."""
        table = service.versions.table
        served = route(table, name)
        content = protocol_v2.model_metadata(entry_of(table, name), served)
        return JSONResponse(content, headers={problems.VERSION_HEADER: str(served.number)})

    @app.get("/v2/models/{name}/ready")
    def model_ready(name: str) -> Response:
        """Say whether a model has a live version that answers."""
        served = route(service.versions.table, name)
        headers = {problems.VERSION_HEADER: str(served.number)}
        return JSONResponse({"name": name, "ready": True}, headers=headers)


class _Counted:
    """Counts one request by how it ended, and how long it took."""

    def __init__(self, service: Service, name: str) -> None:
        self._metrics = service.metrics
        # Names that nobody declared must not become label values.
        self._model = name if name in service.versions.table else UNKNOWN
        self._version: int | None = None
        self._started = time.monotonic()

    def answered(self, answer: Answer, content: dict[str, Any]) -> Response:
        """Make the response, which names its version."""
        self._version = answer.served.number
        body = json.dumps(content, separators=(",", ":"), ensure_ascii=False)
        headers = {problems.VERSION_HEADER: str(self._version)}
        return Response(body, headers=headers, media_type="application/json")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        outcome = OK if error is None else "failed"
        if isinstance(error, GatewayError):
            outcome = error.outcome
            self._version = error.version
        self._metrics.count_request(self._model, self._version, outcome)
        self._metrics.time_request(self._model, time.monotonic() - self._started)


def _refuse_binary(request: Request) -> None:
    if protocol_v2.BINARY_HEADER in request.headers:
        invalid = Invalid(protocol_v2.BINARY_HEADER, "binary tensors are not spoken here")
        raise InvalidRequestError([invalid], fix=protocol_v2.FIX)


def _documented(body: type[Any]) -> dict[str, Any]:
    """What OpenAPI says of a route whose body is read by hand."""
    schema = body.model_json_schema()
    content = {"application/json": {"schema": schema}}
    return {"openapi_extra": {"requestBody": {"required": True, "content": content}}}
