"""The gateway over real HTTP, a real SQLite store and real artifacts; only the model is a fake."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Self

import httpx
import pytest

from registry.server import listen, make_server
from registry.serving.assembly import build_service
from registry.serving.gateway import build_gateway
from registry.settings import Settings
from registry.store.database import Database
from registry.store.events import list_events
from registry.store.models import set_waiting_for
from tests.integration.gateways import MODEL, FolderEngine, Gateway, captured, wait_until

CLIENTS = 8
MOVES = 20


@pytest.fixture
def gateway(tmp_path) -> Iterator[Gateway]:
    settings = Settings(home=tmp_path / "home")
    settings.home.mkdir()
    database = Database.open(settings.resolved_database_url)
    running = Gateway(settings, database)
    listener = listen("127.0.0.1", 0)
    running.url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    server = make_server(build_gateway(build_service(settings, database, FolderEngine())))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    running.declare()
    thread.start()
    yield running
    server.should_exit = True
    thread.join()
    database.close()


class Traffic:
    """Clients that ask without a pause, and remember every answer."""

    def __init__(self, url: str) -> None:
        self.answers: list[tuple[float, int, str | None, int | None]] = []
        self.errors: list[Exception] = []
        self._stopping = threading.Event()
        self._url = f"{url}/v1/models/{MODEL}:predict"
        self._threads = [threading.Thread(target=self._ask) for _ in range(CLIENTS)]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        for thread in self._threads:
            thread.join()

    def _ask(self) -> None:
        with httpx.Client() as client:
            while not self._stopping.is_set():
                try:
                    answer = client.post(self._url, json={"texts": ["one", "two"]})
                except httpx.HTTPError as error:
                    self.errors.append(error)
                    continue
                header = answer.headers.get("X-Trueup-Version")
                said = answer.json().get("version")
                self.answers.append((time.monotonic(), answer.status_code, header, said))


def test_moving_live_under_constant_load_loses_no_request_and_flips_within_a_second(gateway):
    versions = [gateway.add_version(label="old"), gateway.add_version(label="new")]
    gateway.move_live(versions[0])
    gateway.wait_until_answered_by(versions[0])
    moves: list[tuple[float, int]] = []

    with Traffic(gateway.url) as traffic:
        for move in range(MOVES):
            to = versions[(move + 1) % 2]
            gateway.move_live(to)
            moves.append((time.monotonic(), to))
            time.sleep(0.3 if move else 1.0)
            while not _flips(traffic, moves[-1]) and time.monotonic() < moves[-1][0] + 1.0:
                time.sleep(0.02)

    assert traffic.errors == []
    assert {status for _, status, _, _ in traffic.answers} == {200}
    assert all(header == str(said) for _, _, header, said in traffic.answers)
    ends = [*(at for at, _ in moves[1:]), time.monotonic()]
    for move, end in zip(moves, ends, strict=True):
        flipped = [when for when in _flips(traffic, move) if when < end]
        assert flipped, f"nothing was answered by version {move[1]} after its promotion"
        assert flipped[0] - move[0] < 1.0


def _flips(traffic, move):
    """When answers of the version came that ``move``, (when, version), made live."""
    at, to = move
    return [when for when, _, _, said in list(traffic.answers) if when > at and said == to]


def test_the_body_the_header_and_the_prediction_come_from_one_version(gateway):
    number = gateway.add_version(label="billing")
    gateway.move_live(number)
    gateway.wait_until_answered_by(number)

    answer = gateway.predict("where is my invoice?")

    assert answer.headers["X-Trueup-Version"] == str(number)
    assert answer.json()["model"] == MODEL
    assert answer.json()["version"] == number
    [prediction] = answer.json()["predictions"]
    assert prediction["label"] == "billing"
    assert prediction["scores"] == {"billing": 0.75, "other": 0.25}
    assert prediction["id"]


def test_a_version_that_does_not_load_leaves_the_old_one_answering_and_says_so(gateway):
    good = gateway.add_version(label="good")
    gateway.move_live(good)
    gateway.wait_until_answered_by(good)
    broken = gateway.add_version(is_broken=True)

    gateway.move_live(broken)
    events = _wait_for_events(gateway.database, "LoadFailed")

    assert gateway.predict("hello").json()["version"] == good
    assert httpx.get(f"{gateway.url}/readyz").status_code == 200
    assert "the head does not fit the base" in events[0].message
    assert events[0].data == {"version": broken}
    metrics = httpx.get(f"{gateway.url}/metrics").text
    assert 'trueup_version_load_failures_total{model="intents"}' in metrics
    assert f'trueup_live_version{{model="intents"}} {good}.0' in metrics


def test_a_corrupt_artifact_is_not_loaded_and_one_that_is_restored_is(gateway):
    good = gateway.add_version(label="good")
    gateway.move_live(good)
    gateway.wait_until_answered_by(good)
    number = gateway.add_version(label="restored")
    stored = _stored_file(gateway.settings, b'"restored"')
    intact = stored.read_bytes()
    stored.chmod(0o644)
    stored.write_bytes(intact.replace(b"restored", b"tampered"))

    gateway.move_live(number)
    events = _wait_for_events(gateway.database, "LoadFailed")
    stored.write_bytes(intact)

    assert "corrupt" in events[0].message
    gateway.wait_until_answered_by(number)
    assert gateway.predict("hello").json()["predictions"][0]["label"] == "restored"


def test_a_rollback_is_answered_at_once_also_after_a_restart_of_the_gateway(gateway, tmp_path):
    numbers = [gateway.add_version(label=str(n)) for n in (1, 2)]
    for number in numbers:
        gateway.move_live(number)
        gateway.wait_until_answered_by(number)
    listener = listen("127.0.0.1", 0)
    service = build_service(gateway.settings, gateway.database, FolderEngine())
    server = make_server(build_gateway(service))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    again = Gateway(gateway.settings, gateway.database)
    again.url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    again.wait_until_answered_by(numbers[1])

    warm = wait_until(lambda: len(service.versions.table[MODEL].warm) == 2)
    server.should_exit = True
    thread.join()

    assert warm


def test_only_live_and_previous_are_kept(gateway):
    numbers = [gateway.add_version(label=str(n)) for n in (1, 2, 3)]

    for number in numbers:
        gateway.move_live(number)
        gateway.wait_until_answered_by(number)

    versions = httpx.get(f"{gateway.url}/v2/models/{MODEL}").json()["versions"]
    kept = sorted(path.name for path in (gateway.settings.home / "serving").iterdir())
    assert versions == ["2", "3"]
    assert kept == [f"{MODEL}-2", f"{MODEL}-3"]


def test_an_unknown_model_is_a_404_that_names_the_nearest(gateway):
    wait_until(lambda: httpx.get(f"{gateway.url}/readyz").status_code == 200)

    answer = gateway.predict("hello", model="intent")

    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert MODEL in answer.json()["fix"]


def test_a_model_without_a_live_version_is_a_503_that_says_what_it_waits_for(gateway):
    with gateway.database.transaction() as session:
        set_waiting_for(session, MODEL, "training run r-1234567890")
    wait_until(lambda: "r-1234567890" in gateway.predict("hello").text)

    answer = gateway.predict("hello")

    assert answer.status_code == 503
    assert "training run r-1234567890" in answer.json()["detail"]
    assert int(answer.headers["Retry-After"]) > 0


def test_the_open_inference_protocol_answers_the_same(gateway):
    number = gateway.add_version(label="billing")
    gateway.move_live(number)
    gateway.wait_until_answered_by(number)
    tensor = {"name": "text", "shape": [2], "datatype": "BYTES", "data": ["one", "two"]}

    answer = httpx.post(
        f"{gateway.url}/v2/models/{MODEL}/infer", json={"id": "q", "inputs": [tensor]}
    )

    assert answer.headers["X-Trueup-Version"] == str(number)
    body = answer.json()
    assert (body["model_name"], body["model_version"], body["id"]) == (MODEL, str(number), "q")
    outputs = {tensor["name"]: tensor for tensor in body["outputs"]}
    assert outputs["label"]["data"] == ["billing", "billing"]
    assert outputs["probabilities"]["shape"] == [2, 2]
    assert outputs["probabilities"]["data"] == [0.75, 0.25, 0.75, 0.25]
    assert httpx.get(f"{gateway.url}/v2/models/{MODEL}/ready").json()["ready"] is True


def test_what_is_answered_is_captured_with_ids_slices_and_version(gateway):
    number = gateway.add_version(label="billing")
    gateway.move_live(number)
    gateway.wait_until_answered_by(number)
    question = {"texts": ["nul \x00 é"], "ids": ["ticket-7"], "slices": [{"channel": "chat"}]}

    httpx.post(f"{gateway.url}/v1/models/{MODEL}:predict", json=question).raise_for_status()
    wait_until(lambda: "ticket-7" in captured(gateway, number))

    kept = captured(gateway, number)["ticket-7"]
    assert kept.label == "billing"
    assert kept.score == pytest.approx(0.75)
    assert kept.slices == {"channel": "chat"}
    assert kept.latency_seconds > 0


def test_serving_settings_of_a_new_spec_apply_to_the_live_version(gateway):
    number = gateway.add_version(label="billing")
    gateway.move_live(number)
    gateway.wait_until_answered_by(number)

    gateway.declare(capture=0.0)
    time.sleep(2.0)
    gateway.predict("private")
    time.sleep(0.5)

    texts = {one.text for one in captured(gateway, number).values()}
    assert "private" not in texts
    assert "hello" in texts


def test_too_large_a_body_is_a_413_also_for_a_client_that_is_still_sending(gateway):
    answer = gateway.predict(*["x" * 30_000] * 400)

    assert answer.status_code == 413
    assert answer.json()["type"] == "urn:trueup:problem:BodyTooLarge"


def test_the_probes_answer(gateway):
    wait_until(lambda: httpx.get(f"{gateway.url}/readyz").status_code == 200)

    assert httpx.get(f"{gateway.url}/healthz").json() == {"status": "ok"}
    assert httpx.get(f"{gateway.url}/v2/health/live").json() == {"live": True}
    assert httpx.get(f"{gateway.url}/v2/health/ready").json()["ready"] is True
    assert httpx.get(f"{gateway.url}/openapi.json").status_code == 200


def _wait_for_events(database: Database, kind: str):
    def found():
        with database.reading() as session:
            return [event for event in list_events(session) if event.kind == kind]

    assert wait_until(lambda: bool(found()))
    return found()


def _stored_file(settings: Settings, content: bytes) -> Path:
    folder = Path(settings.resolved_artifacts)
    [found] = [
        path for path in folder.rglob("*") if path.is_file() and content in path.read_bytes()
    ]
    return found
