"""The supervisor over real processes: small servers in the place of the parts."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from pathlib import Path

import pytest

SCRIPT = Path(__file__).with_name("supervised.py")
PATIENCE_SECONDS = 15


class Running:
    """A supervisor in a process of its own, and what it said."""

    def __init__(self, logs, parts, grace):
        self.ports = {text.split(":")[0]: int(text.split(":")[1]) for text in parts}
        self.logs = logs
        self.process = subprocess.Popen(
            [sys.executable, str(SCRIPT), str(logs), str(grace), *parts],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.lines = []
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self):
        self.lines.extend(iter(self.process.stdout.readline, ""))

    @property
    def said(self):
        return "".join(self.lines)

    def pid_of(self, name):
        url = f"http://127.0.0.1:{self.ports[name]}/readyz"
        with urllib.request.urlopen(url, timeout=5) as answer:
            return json.load(answer)["pid"]

    def stop(self, number=signal.SIGTERM):
        self.process.send_signal(number)
        return self.wait()

    def wait(self):
        code = self.process.wait(PATIENCE_SECONDS)
        self._reader.join(PATIENCE_SECONDS)
        return code

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
        self.wait()
        self.process.stdout.close()


@pytest.fixture
def supervise(tmp_path):
    started = []

    def start(*parts, grace=5):
        running = Running(tmp_path / "logs", parts, grace)
        started.append(running)
        return running

    yield start
    for running in started:
        running.close()


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def eventually(holds):
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        if holds():
            return True
        time.sleep(0.05)
    return False


def is_alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return Path(f"/proc/{pid}/stat").read_text().split()[2] != "Z"


def test_addresses_are_announced_when_all_parts_are_ready(supervise):
    running = supervise(f"api:{free_port()}", f"gateway:{free_port()}")

    assert eventually(lambda: "ready; Ctrl-C stops everything" in running.said)

    assert f"http://127.0.0.1:{running.ports['gateway']}" in running.said


def test_the_other_parts_wait_for_the_first(supervise):
    running = supervise(f"api:{free_port()}:die-at-once", f"gateway:{free_port()}")

    assert eventually(lambda: running.said.count("api ended with exit code 3") >= 2)

    assert (running.logs / "gateway.log").read_text() == ""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_stop_signal_ends_every_part_and_exits_with_zero(supervise, number):
    running = supervise(f"api:{free_port()}", f"gateway:{free_port()}")
    assert eventually(lambda: "ready;" in running.said)
    pids = [running.pid_of("api"), running.pid_of("gateway")]

    code = running.stop(number)

    assert code == 0
    assert not any(is_alive(pid) for pid in pids)


def test_a_part_that_was_killed_is_started_again(supervise):
    running = supervise(f"api:{free_port()}", f"gateway:{free_port()}")
    assert eventually(lambda: "ready;" in running.said)
    before = running.pid_of("gateway")

    os.kill(before, signal.SIGKILL)

    assert eventually(lambda: "gateway is back" in running.said)
    assert "gateway ended with signal SIGKILL" in running.said
    assert "starting it again in 1 s" in running.said
    assert running.pid_of("gateway") != before


def test_a_part_that_keeps_dying_is_started_less_and_less_often(supervise):
    running = supervise(f"api:{free_port()}:die-at-once")

    assert eventually(lambda: "starting it again in 4 s" in running.said)

    waits = [line for line in running.lines if "starting it again" in line]
    assert [line.split("again in ")[1][:3] for line in waits] == ["1 s", "2 s", "4 s"]
    assert "ERROR no database here" in waits[0]


def test_a_part_that_does_not_stop_is_killed_after_the_grace(supervise):
    running = supervise(f"api:{free_port()}:ignore-sigterm", grace=1)
    assert eventually(lambda: "ready;" in running.said)
    pid = running.pid_of("api")

    code = running.stop()

    assert code == 0
    assert "api did not stop in time and is killed" in running.said
    assert not is_alive(pid)


def test_a_second_signal_ends_the_grace(supervise):
    running = supervise(f"api:{free_port()}:ignore-sigterm", grace=60)
    assert eventually(lambda: "ready;" in running.said)

    running.process.send_signal(signal.SIGINT)
    assert eventually(lambda: "stopping" in running.said)
    code = running.stop(signal.SIGINT)

    assert code == 0


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child of its parent's end")
def test_no_part_outlives_a_killed_supervisor(supervise):
    running = supervise(f"api:{free_port()}", f"gateway:{free_port()}")
    assert eventually(lambda: "ready;" in running.said)
    pids = [running.pid_of("api"), running.pid_of("gateway")]

    running.process.kill()

    assert eventually(lambda: not any(is_alive(pid) for pid in pids))


def test_only_important_lines_reach_the_terminal(supervise):
    running = supervise(f"api:{free_port()}")

    assert eventually(lambda: "api: WARNING a line of importance" in running.said)

    assert "no importance" not in running.said
    assert "no importance" in (running.logs / "api.log").read_text()


def test_a_port_that_is_taken_stops_everything_before_it_starts(supervise):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        taken = other.getsockname()[1]

        running = supervise(f"api:{free_port()}", f"gateway:{taken}")
        code = running.wait()

    assert code == 1
    assert f"port {taken} of the gateway is taken by another process" in running.said
    assert not (running.logs / "api.log").exists()
