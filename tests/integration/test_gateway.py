"""The gateway over real HTTP, a real SQLite store and real artifacts; only the model is a fake."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

import httpx
import pytest

from registry.artifacts import open_artifacts
from registry.artifacts.folders import put_folder
from registry.records import VersionDraft
from registry.server import listen, make_server
from registry.serving.assembly import build_service
from registry.serving.engine import Classified
from registry.serving.gateway import build_gateway
from registry.settings import Settings
from registry.store.aliases import find_alias, move_alias
from registry.store.database import Database
from registry.store.events import list_events
from registry.store.models import declare_model, set_waiting_for
from registry.store.predictions import read_observations
from registry.store.versions import record_version
from specs.digest import digest_of
from specs.names import LIVE, Revision

REVISION = Revision(f"main@sha1:{'a' * 40}")
MODEL = "intents"
CLIENTS = 8
MOVES = 20


class EchoModel:
    """Answers every text with the label its version was made with."""

    def __init__(self, label: str) -> None:
        self.labels = (label, "other")

    def predict(self, texts):
        # A pass takes a while, so that requests are in flight when the alias moves.
        time.sleep(0.002)
        label = self.labels[0]
        return [Classified(label, 0.75, {label: 0.75, "other": 0.25}) for _ in texts]


class FolderEngine:
    """Loads what the version's folder says; a version may say that it is broken."""

    def load(self, folder: Path) -> EchoModel:
        said = json.loads((folder / "trueup.json").read_text())
        if said.get("is_broken"):
            raise ValueError("the head does not fit the base")
        return EchoModel(said["label"])


@dataclass
class Gateway:
    """A running gateway and the registry it follows."""

    settings: Settings
    database: Database
    url: str = ""
    folders: Iterator[int] = field(default_factory=lambda: iter(range(1000)))

    def add_version(self, model: str = MODEL, **said: object) -> int:
        folder = self.settings.home / f"made-{next(self.folders)}"
        folder.mkdir(parents=True)
        (folder / "trueup.json").write_text(json.dumps(said))
        draft = VersionDraft(
            model=model,
            training_digest=digest_of([model, said, folder.name]),
            revision=REVISION,
            run_id="r-0000000000",
            files=put_folder(open_artifacts(self.settings), folder),
            lineage={},
            training={},
        )
        with self.database.transaction() as session:
            return record_version(session, draft, now=datetime.now(UTC)).number

    def declare(self, model: str = MODEL, **serving: object) -> None:
        with self.database.transaction() as session:
            spec = {"kind": "Model", "spec": {"serving": serving}}
            declare_model(
                session,
                model,
                path=f"specs/{model}.yaml",
                revision=REVISION,
                spec=spec,
                now=datetime.now(UTC),
            )

    def move_live(self, to: int, model: str = MODEL) -> None:
        with self.database.transaction() as session:
            found = find_alias(session, model, LIVE)
            move_alias(
                session,
                model,
                LIVE,
                to=to,
                expected=found.version if found else None,
                by="test",
                reason="a test moves it",
                now=datetime.now(UTC),
            )

    def predict(self, *texts: str, model: str = MODEL) -> httpx.Response:
        return httpx.post(f"{self.url}/v1/models/{model}:predict", json={"texts": list(texts)})

    def wait_until_answered_by(self, version: int, model: str = MODEL, seconds: float = 5) -> float:
        """Seconds it took."""
        started = time.monotonic()
        while time.monotonic() - started < seconds:
            if self.predict("hello", model=model).headers.get("X-Trueup-Version") == str(version):
                return time.monotonic() - started
            time.sleep(0.01)
        pytest.fail(f"version {version} did not answer within {seconds} s")


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

    assert traffic.errors == []
    assert {status for _, status, _, _ in traffic.answers} == {200}
    assert all(header == str(said) for _, _, header, said in traffic.answers)
    ends = [*(at for at, _ in moves[1:]), time.monotonic()]
    for (at, to), end in zip(moves, ends, strict=True):
        flipped = [when for when, _, _, said in traffic.answers if at < when < end and said == to]
        assert flipped, f"nothing was answered by version {to} after its promotion"
        assert flipped[0] - at < 1.0


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

    warm = _wait_until(lambda: len(service.versions.table[MODEL].warm) == 2)
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
    _wait_until(lambda: httpx.get(f"{gateway.url}/readyz").status_code == 200)

    answer = gateway.predict("hello", model="intent")

    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert MODEL in answer.json()["fix"]


def test_a_model_without_a_live_version_is_a_503_that_says_what_it_waits_for(gateway):
    with gateway.database.transaction() as session:
        set_waiting_for(session, MODEL, "training run r-1234567890")
    _wait_until(lambda: "r-1234567890" in gateway.predict("hello").text)

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
    _wait_until(lambda: "ticket-7" in _captured(gateway, number))

    captured = _captured(gateway, number)["ticket-7"]
    assert captured.label == "billing"
    assert captured.score == pytest.approx(0.75)
    assert captured.slices == {"channel": "chat"}
    assert captured.latency_seconds > 0


def test_serving_settings_of_a_new_spec_apply_to_the_live_version(gateway):
    number = gateway.add_version(label="billing")
    gateway.move_live(number)
    gateway.wait_until_answered_by(number)

    gateway.declare(capture=0.0)
    time.sleep(2.0)
    gateway.predict("private")
    time.sleep(0.5)

    texts = {one.text for one in _captured(gateway, number).values()}
    assert "private" not in texts
    assert "hello" in texts


def test_too_large_a_body_is_a_413_also_for_a_client_that_is_still_sending(gateway):
    answer = gateway.predict(*["x" * 30_000] * 400)

    assert answer.status_code == 413
    assert answer.json()["type"] == "urn:trueup:problem:BodyTooLarge"


def test_the_probes_answer(gateway):
    _wait_until(lambda: httpx.get(f"{gateway.url}/readyz").status_code == 200)

    assert httpx.get(f"{gateway.url}/healthz").json() == {"status": "ok"}
    assert httpx.get(f"{gateway.url}/v2/health/live").json() == {"live": True}
    assert httpx.get(f"{gateway.url}/v2/health/ready").json()["ready"] is True
    assert httpx.get(f"{gateway.url}/openapi.json").status_code == 200


def test_a_port_in_use_is_one_clear_line_and_exit_code_1(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

        ended = subprocess.run(
            [sys.executable, "-m", "registry.serving"],
            env=_environment(tmp_path, port),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    assert ended.returncode == 1
    [line] = ended.stderr.strip().splitlines()
    assert str(port) in line
    assert "TRUEUP_GATEWAY_PORT" in line


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_process_becomes_ready_and_ends_with_0_when_asked_to_stop(tmp_path, number):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, "-m", "registry.serving"], env=_environment(tmp_path, port)
    )

    is_ready = _wait_until(lambda: _status(f"http://127.0.0.1:{port}/readyz") == 200, seconds=30)
    process.send_signal(number)
    code = process.wait(timeout=20)

    assert is_ready
    assert code == 0


SLOW_GATEWAY = """
import sys, time
from pathlib import Path
from registry.server import listen, run
from registry.serving.assembly import build_service
from registry.serving.engine import Classified
from registry.serving.gateway import build_gateway
from registry.settings import Settings
from registry.store.database import Database

class Slow:
    labels = ("a",)
    def predict(self, texts):
        time.sleep(1.0)
        return [Classified("a", 1.0, {"a": 1.0}) for _ in texts]

class Engine:
    def load(self, folder):
        return Slow()

settings = Settings()
database = Database.open(settings.resolved_database_url)
listener = listen("127.0.0.1", settings.gateway_port)
run(build_gateway(build_service(settings, database, Engine())), [listener])
"""


def test_stopping_answers_and_captures_what_is_in_flight(tmp_path):
    settings = Settings(home=tmp_path / "home")
    settings.home.mkdir()
    slow = Gateway(settings, Database.open(settings.resolved_database_url))
    slow.declare()
    slow.move_live(slow.add_version(label="a"))
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    slow.url = f"http://127.0.0.1:{port}"
    process = subprocess.Popen(
        [sys.executable, "-c", SLOW_GATEWAY], env=_environment(settings.home, port)
    )
    assert _wait_until(lambda: _status(f"{slow.url}/readyz") == 200, seconds=30)
    answers: list[httpx.Response] = []
    clients = [
        threading.Thread(target=lambda: answers.append(slow.predict("in flight"))) for _ in range(4)
    ]
    for client in clients:
        client.start()
    time.sleep(0.4)

    process.send_signal(signal.SIGTERM)
    code = process.wait(timeout=20)
    for client in clients:
        client.join()

    assert code == 0
    assert [answer.status_code for answer in answers] == [200] * 4
    assert len(_captured(slow, 1)) == 4
    slow.database.close()


def _environment(home: Path, port: int) -> dict[str, str]:
    own = {"TRUEUP_HOME": str(home), "TRUEUP_GATEWAY_PORT": str(port), "OMP_NUM_THREADS": "1"}
    return {**os.environ, **own}


def _status(url: str) -> int:
    try:
        return httpx.get(url).status_code
    except httpx.TransportError:
        return 0


def _wait_until(holds, seconds: float = 5) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if holds():
            return True
        time.sleep(0.02)
    return False


def _wait_for_events(database: Database, kind: str):
    def found():
        with database.reading() as session:
            return [event for event in list_events(session) if event.kind == kind]

    assert _wait_until(lambda: bool(found()))
    return found()


def _captured(gateway: Gateway, version: int):
    with gateway.database.reading() as session:
        stored = read_observations(session, MODEL, version, after=0, limit=1000)
    return {one.observation.request_id: one.observation for one in stored}


def _stored_file(settings: Settings, content: bytes) -> Path:
    folder = Path(settings.resolved_artifacts)
    [found] = [
        path for path in folder.rglob("*") if path.is_file() and content in path.read_bytes()
    ]
    return found
