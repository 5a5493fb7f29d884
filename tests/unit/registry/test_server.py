import os
import signal
import socket
import subprocess
import sys
import time

import httpx
import pytest
from prometheus_client import CollectorRegistry, Counter

from registry.errors import PortInUseError
from registry.probes import serve_probes
from registry.server import HostError, listen

COMMAND = [sys.executable, "-W", "error", "-m", "registry"]


@pytest.fixture
def taken_port():
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        yield other.getsockname()[1]


def environment(home, **settings):
    inherited = {
        name: value for name, value in os.environ.items() if not name.startswith("TRUEUP_")
    }
    given = {f"TRUEUP_{name.upper()}": str(value) for name, value in settings.items()}
    return inherited | given | {"TRUEUP_HOME": str(home)}


def free_port():
    listener = listen("127.0.0.1", 0)
    port = listener.getsockname()[1]
    listener.close()
    return port


def start(home, port):
    process = subprocess.Popen(
        COMMAND, env=environment(home, api_port=port), stderr=subprocess.PIPE, text=True
    )
    end = time.monotonic() + 30
    while time.monotonic() < end and process.poll() is None:
        try:
            httpx.get(f"http://127.0.0.1:{port}/readyz")
        except httpx.TransportError:
            time.sleep(0.05)
        else:
            return process
    process.kill()
    raise AssertionError(process.communicate()[1])


def fail_to_start(given):
    return subprocess.run(COMMAND, check=False, env=given, capture_output=True, text=True)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_process_stops_cleanly_when_it_is_asked_to(tmp_path, number):
    port = free_port()
    process = start(tmp_path, port)
    answer = httpx.get(f"http://127.0.0.1:{port}/api/v1/models")

    process.send_signal(number)
    _, said = process.communicate(timeout=20)

    assert answer.json() == []
    assert process.returncode == 0
    assert "Traceback" not in said


def test_a_port_in_use_is_one_line_with_the_fix(tmp_path, taken_port):
    done = fail_to_start(environment(tmp_path, api_port=taken_port))

    assert done.returncode == 1
    assert done.stderr == (
        f"trueup registry: port {taken_port} is already in use (stop the process that listens "
        "there, or choose another port with TRUEUP_API_PORT)\n"
    )
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("api_port", "eighty"),
        ("database_url", "sqlite://"),
        ("database_url", "no url"),
        ("artifacts", "s3://bucket"),
        ("host", "256.0.0.1"),
    ],
)
def test_a_bad_setting_is_one_line(tmp_path, setting, value):
    settings = {"api_port": free_port()} | {setting: value}

    done = fail_to_start(environment(tmp_path, **settings))

    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert done.stderr.startswith("trueup registry: ")


def test_a_home_that_cannot_be_written_is_one_line(tmp_path):
    (tmp_path / "file").write_text("in the way")

    done = fail_to_start(environment(tmp_path / "file" / "home", api_port=free_port()))

    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "--home" in done.stderr


def test_listening_on_a_taken_port_names_the_setting(taken_port):
    with pytest.raises(PortInUseError) as caught:
        listen("127.0.0.1", taken_port, setting="gateway_port")

    assert caught.value.port == taken_port
    assert "TRUEUP_GATEWAY_PORT" in caught.value.fix


def test_listening_elsewhere_than_on_this_machine_is_refused():
    with pytest.raises(HostError):
        listen("192.0.2.1", 0)


def test_answers_are_not_held_back_to_be_sent_together():
    listener = listen("127.0.0.1", 0)
    protocol = listener.proto
    listener.close()

    assert protocol == socket.IPPROTO_TCP


@pytest.fixture
def probes():
    reasons = [None]
    collectors = CollectorRegistry()
    Counter("things", "Things.", registry=collectors).inc(3)
    probes = serve_probes(
        "127.0.0.1", 0, is_ready=lambda: reasons[0], collectors=collectors, setting="monitor_port"
    )
    probes_and_reasons = (f"http://127.0.0.1:{probes.port}", reasons, probes)
    yield probes_and_reasons
    probes.stop()


def test_probes_answer_from_a_thread(probes):
    url, reasons, _ = probes

    ready = httpx.get(url + "/readyz")
    reasons[0] = "no look yet"
    unready = httpx.get(url + "/readyz")

    assert httpx.get(url + "/healthz").json() == {"status": "ok"}
    assert (ready.status_code, unready.status_code) == (200, 503)
    assert unready.json()["reason"] == "no look yet"
    assert "things_total 3.0" in httpx.get(url + "/metrics").text


def test_stopped_probes_give_their_port_back(probes):
    _, _, running = probes

    running.stop()
    running.stop()

    listen("127.0.0.1", running.port).close()
