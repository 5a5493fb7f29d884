"""The gateway as a process: how it starts, refuses to start, and stops."""

import signal
import socket
import subprocess
import sys
import threading
import time

import httpx
import pytest

from registry.settings import Settings
from registry.store.database import Database
from tests.integration.gateways import Gateway, captured, environment, status, wait_until

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


def test_a_port_in_use_is_one_clear_line_and_exit_code_1(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

        ended = subprocess.run(
            [sys.executable, "-m", "registry.serving"],
            env=environment(tmp_path, port),
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
        [sys.executable, "-m", "registry.serving"], env=environment(tmp_path, port)
    )

    is_ready = wait_until(lambda: status(f"http://127.0.0.1:{port}/readyz") == 200, seconds=30)
    process.send_signal(number)
    code = process.wait(timeout=20)

    assert is_ready
    assert code == 0


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
        [sys.executable, "-c", SLOW_GATEWAY], env=environment(settings.home, port)
    )
    assert wait_until(lambda: status(f"{slow.url}/readyz") == 200, seconds=30)
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
    assert len(captured(slow, 1)) == 4
    slow.database.close()
