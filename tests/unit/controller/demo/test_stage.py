import json
import socket
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from controller.demo.gateway import Gateway, under_load
from controller.demo.monitors import read_last_look
from controller.demo.stage import Stage, StepFailedError, choose_ports
from controller.errors import ControllerError
from registry.settings import Settings


class Answers(BaseHTTPRequestHandler):
    """A server that answers what the test has told it to: a status, and a body."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.do_POST()

    def do_POST(self):
        length = int(self.headers.get("Content-Length", 0))
        asked = json.loads(self.rfile.read(length)) if length else {}
        status, body = self.server.answer(asked)
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_):
        pass


@pytest.fixture
def server():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    server.daemon_threads = True
    server.answer = lambda asked: (200, {"version": 2, "predictions": asked["texts"]})
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def gateway(server):
    with Gateway(f"http://127.0.0.1:{server.server_address[1]}", "m") as gateway:
        yield gateway


def test_many_texts_are_sent_some_at_a_time(gateway):
    answers = list(gateway.batches([str(number) for number in range(45)]))

    assert [len(answer["predictions"]) for answer in answers] == [20, 20, 5]


def test_a_refusal_of_the_gateway_is_an_error_with_its_words(gateway, server):
    server.answer = lambda _asked: (503, {"detail": "no live version"})

    with pytest.raises(ControllerError, match=r"503.*no live version"):
        gateway.ask(["hello"])

    assert gateway.live_version() is None


def test_requests_under_load_are_counted_with_their_version(gateway):
    with under_load(gateway, ["a", "b"]) as load:
        time.sleep(0.3)

    assert len(load.answers) > 5
    assert {answer.version for answer in load.answers} == {2}
    assert all(answer.received >= answer.sent for answer in load.answers)


def test_failures_under_load_are_counted_and_do_not_end_it(gateway, server):
    server.answer = lambda _asked: (500, {})

    with under_load(gateway, ["a"]) as load:
        time.sleep(0.3)

    assert len(load.answers) > 5
    assert {answer.version for answer in load.answers} == {None}


def test_taken_ports_are_replaced_by_free_ones(server):
    taken = server.server_address[1]

    ports = choose_ports(Settings(api_port=taken, gateway_port=taken))

    assert taken not in ports.values()
    assert len(set(ports.values())) == 4


def test_free_ports_stay_as_the_settings_say():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        free = probe.getsockname()[1]

    assert choose_ports(Settings(api_port=free))["api_port"] == free


def status(**facts):
    return {"live_version": None, "waiting_for": "data", "run": None, "conditions": []} | facts


@pytest.fixture
def stage(server, tmp_path):
    ports = {"api_port": server.server_address[1]}
    with Stage(tmp_path, ports, model="m") as stage:
        yield stage


def test_waiting_tells_how_far_the_run_is(stage, server):
    told = []
    stage.tell = lambda ratio, text: told.append((ratio, text))
    run = {"kind": "train", "progress": {"phase": "training", "ratio": 0.5}}
    answers = iter([status(), status(run=run), status(live_version=1)])
    server.answer = lambda _asked: (200, next(answers))

    stage.wait_for("live", lambda one: one["live_version"] == 1, timeout_seconds=10)

    assert told == [(None, "data"), (0.5, "train: training")]


def test_waiting_ends_at_once_when_a_person_is_needed(stage, server):
    stalled = {"type": "Stalled", "status": "True", "reason": "InvalidSpec", "message": "line 3"}
    server.answer = lambda _asked: (200, status(conditions=[stalled]))

    with pytest.raises(StepFailedError, match="InvalidSpec: line 3"):
        stage.wait_for("live", lambda _one: False, timeout_seconds=10)


def test_waiting_in_vain_says_what_was_waited_for(stage, server):
    server.answer = lambda _asked: (200, status())

    with pytest.raises(StepFailedError, match="not live within 0 s: data"):
        stage.wait_for("live", lambda _one: False, timeout_seconds=0.3)


def test_an_installation_that_has_ended_is_not_waited_for(stage):
    stage.process = subprocess.Popen([sys.executable, "-c", "raise SystemExit(2)"])
    stage.process.wait()

    with pytest.raises(StepFailedError, match="exit code 2") as raised:
        stage.check_alive()

    assert "up.log" in raised.value.fix


def test_the_last_look_at_a_model_is_found_among_the_metrics():
    name = "trueup_monitor_last_evaluation_timestamp_seconds"
    metrics = f'# HELP {name} When.\n{name}{{model="other"}} 1.0\n{name}{{model="m"}} 1.75e+09\n'

    assert read_last_look(metrics, "m") == 1.75e9
    assert read_last_look(metrics, "none") == 0.0
