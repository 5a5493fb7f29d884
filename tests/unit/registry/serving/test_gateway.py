"""The HTTP edge, asked through ASGI without a socket; the version is a fake."""

import asyncio
import json
import threading

import httpx
import pytest
from prometheus_client import generate_latest

from registry.serving import bodies
from registry.serving.capture import Capture
from registry.serving.engine import Classified
from registry.serving.gateway import build_gateway
from registry.serving.metrics import Metrics
from registry.serving.router import Entry, Served
from registry.serving.service import Service

PREDICT = "/v1/models/intents:predict"
INFER = "/v2/models/intents/infer"


class Model:
    labels = ("a", "b")

    def __init__(self) -> None:
        self.gate = threading.Event()
        self.gate.set()

    def predict(self, texts):
        self.gate.wait(5)
        if "break" in texts:
            raise RuntimeError("secret details")
        return [Classified("a", 0.75, {"a": 0.75, "b": 0.25}) for _ in texts]


class FixedVersions:
    """What a service asks of the versions, without a registry behind it."""

    def __init__(self, model: Model) -> None:
        served = Served("intents", 3, model)
        waiting = Entry("mail", waiting_for="data")
        self.table = {"intents": Entry("intents", live=served, warm=(served,)), "mail": waiting}

    def unready(self) -> str | None:
        return None

    def start(self) -> None: ...

    def stop(self) -> None: ...


@pytest.fixture
def model():
    return Model()


@pytest.fixture
def service(model):
    metrics = Metrics()
    capture = Capture(lambda _: None, metrics.count_dropped)
    made = Service(FixedVersions(model), capture, metrics, timeout_seconds=0.2, max_waiting_texts=5)
    made.start()
    yield made
    model.gate.set()
    made.stop()


@pytest.fixture
def ask(service):
    app = build_gateway(service)

    def send(method: str, path: str, **options: object) -> httpx.Response:
        async def once() -> httpx.Response:
            transport = httpx.ASGITransport(app, raise_app_exceptions=False)
            async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
                return await client.request(method, path, **options)

        return asyncio.run(once())

    return send


def test_a_good_request_is_answered_and_counted(ask, service):
    answer = ask("POST", PREDICT, json={"texts": ["hello"], "ids": ["q"]})

    assert answer.status_code == 200
    assert answer.headers["X-Trueup-Version"] == "3"
    assert answer.json()["predictions"][0]["id"] == "q"
    counted = generate_latest(service.metrics.collectors).decode()
    assert 'trueup_requests_total{model="intents",outcome="ok",version="3"} 1.0' in counted
    assert 'trueup_request_duration_seconds_count{model="intents"} 1.0' in counted


@pytest.mark.parametrize(
    ("method", "path", "status", "kind"),
    [
        ("POST", "/v1/models/nobody:predict", 404, "urn:trueup:problem:UnknownModel"),
        ("POST", "/v1/models/mail:predict", 503, "urn:trueup:problem:NoLiveVersion"),
        ("POST", "/v2/models/nobody/infer", 404, "urn:trueup:problem:UnknownModel"),
        ("GET", "/v2/models/nobody", 404, "urn:trueup:problem:UnknownModel"),
        ("GET", "/v2/models/mail/ready", 503, "urn:trueup:problem:NoLiveVersion"),
        ("POST", "/v2/models/intents/versions/9/infer", 404, "urn:trueup:problem:VersionNotLoaded"),
        ("GET", "/v1/models/intents:predict", 405, "about:blank"),
        ("GET", "/nowhere", 404, "about:blank"),
    ],
)
def test_every_refusal_is_a_problem_with_a_fix(ask, *, method, path, status, kind):
    tensor = {"name": "text", "shape": [1], "datatype": "BYTES", "data": ["hello"]}
    body = {"inputs": [tensor]} if path.startswith("/v2") else {"texts": ["hello"]}

    answer = ask(method, path, json=body)

    problem = answer.json()
    assert answer.headers["content-type"] == "application/problem+json"
    assert (answer.status_code, problem["status"], problem["type"]) == (status, status, kind)
    assert problem["title"]
    assert problem["fix"]


def test_a_bad_body_names_its_fields(ask):
    answer = ask("POST", PREDICT, content=b'{"texts": []}')

    assert answer.status_code == 422
    assert answer.json()["errors"] == [{"field": "texts", "problem": "must hold at least one text"}]


def test_a_problem_of_the_open_inference_protocol_has_its_error_too(ask):
    answer = ask("POST", INFER, json={"inputs": []})

    assert answer.status_code == 422
    assert answer.json()["error"] == answer.json()["detail"]


def test_binary_tensors_are_refused_in_words(ask):
    answer = ask("POST", INFER, content=b"\x00", headers={"Inference-Header-Content-Length": "0"})

    assert answer.status_code == 422
    assert "binary" in answer.json()["detail"]


def test_a_body_that_grows_too_large_is_a_413(ask, monkeypatch):
    monkeypatch.setattr(bodies, "MAX_BODY_BYTES", 100)

    answer = ask("POST", PREDICT, json={"texts": ["x" * 200]})

    assert answer.status_code == 413
    assert answer.json()["fix"] == "send the texts in several requests"


def test_a_body_announced_far_too_large_is_not_even_read(ask):
    answer = ask("POST", PREDICT, content=b"{}", headers={"Content-Length": str(10**12)})

    assert answer.status_code == 413


def test_a_body_that_does_not_come_is_a_408(ask, monkeypatch):
    monkeypatch.setattr(bodies, "BODY_TIMEOUT_SECONDS", 0.05)

    async def stalls():
        yield b'{"texts":'
        await asyncio.sleep(5)

    answer = ask("POST", PREDICT, content=stalls())

    assert answer.status_code == 408


def test_an_answer_that_takes_too_long_is_a_504_that_names_the_version(ask, model, service):
    model.gate.clear()

    answer = ask("POST", PREDICT, json={"texts": ["hello"]})

    assert answer.status_code == 504
    assert answer.headers["X-Trueup-Version"] == "3"
    counted = generate_latest(service.metrics.collectors).decode()
    assert 'outcome="timeout",version="3"} 1.0' in counted


def test_a_version_that_fails_is_a_500_that_tells_nothing_of_its_inside(ask):
    answer = ask("POST", PREDICT, json={"texts": ["break"]})

    assert answer.status_code == 500
    assert answer.headers["X-Trueup-Version"] == "3"
    assert "secret" not in answer.text
    assert ask("POST", PREDICT, json={"texts": ["hello"]}).status_code == 200


def test_a_full_queue_is_a_429_with_retry_after(ask, model):
    model.gate.clear()
    ask("POST", PREDICT, json={"texts": ["in the pass"]})
    ask("POST", PREDICT, json={"texts": ["in the queue"] * 5})

    answer = ask("POST", PREDICT, json={"texts": ["too many"]})

    assert answer.status_code == 429
    assert int(answer.headers["Retry-After"]) >= 1


def test_names_that_nobody_declared_make_no_series(ask, service):
    for index in range(20):
        ask("POST", f"/v1/models/nobody-{index}:predict", json={"texts": ["x"]})

    counted = generate_latest(service.metrics.collectors).decode()
    assert "nobody" not in counted
    assert 'trueup_requests_total{model="unknown",outcome="unknown_model",version="none"} 20.0' in (
        counted
    )


def test_a_loaded_version_answers_by_number(ask):
    tensor = {"name": "text", "shape": [1], "datatype": "BYTES", "data": ["hello"]}

    answer = ask("POST", "/v2/models/intents/versions/3/infer", json={"inputs": [tensor]})

    assert answer.json()["model_version"] == "3"


def test_what_the_routes_take_stands_in_the_open_api(ask):
    paths = ask("GET", "/openapi.json").json()["paths"]

    for path in ("/v1/models/{name}:predict", "/v2/models/{name}/infer"):
        schema = paths[path]["post"]["requestBody"]["content"]["application/json"]["schema"]
        assert json.dumps(schema)
        assert schema["properties"]
