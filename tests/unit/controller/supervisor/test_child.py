import os
import sys
import time
from pathlib import Path

import pytest

from controller.supervisor.child import Child, rotate
from controller.supervisor.lock import HomeInUseError, holding
from controller.supervisor.parts import Part
from controller.supervisor.watch import is_important


@pytest.fixture
def child(tmp_path):
    def make(code):
        part = Part("api", (sys.executable, "-c", code), "127.0.0.1", 1, "api_port", "api")
        one = Child(part, log=tmp_path / "api.log", environment=os.environ)
        made.append(one)
        return one

    made = []
    yield make
    for one in made:
        one.kill()


def wait_for_end(child):
    deadline = time.monotonic() + 10
    while child.is_running and time.monotonic() < deadline:
        time.sleep(0.02)


def test_what_a_part_prints_is_in_its_log_and_read_once(child):
    one = child("print('first'); import sys; print('second', file=sys.stderr)")

    one.start()
    wait_for_end(one)

    assert sorted(one.new_lines()) == ["first", "second"]
    assert one.new_lines() == []
    assert one.exit_code == 0


def test_half_a_line_is_left_for_the_next_look(child):
    one = child("print('whole'); print('half', end='')")

    one.start()
    wait_for_end(one)

    assert one.new_lines() == ["whole"]


def test_the_last_line_explains_an_end(child):
    one = child("import sys; print('why'); sys.exit(3)")

    one.start()
    wait_for_end(one)

    assert (one.exit_code, one.last_line()) == (3, "why")


def test_killing_takes_the_processes_that_a_part_has_started_with_it(child, tmp_path):
    pid_file = tmp_path / "pid"
    code = (
        "import subprocess, sys, pathlib, time\n"
        "inner = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\n"
        f"pathlib.Path({str(pid_file)!r}).write_text(str(inner.pid))\n"
        "time.sleep(60)\n"
    )
    one = child(code)
    one.start()
    deadline = time.monotonic() + 10
    while not (pid_file.exists() and pid_file.read_text()) and time.monotonic() < deadline:
        time.sleep(0.02)

    one.kill()

    inner = int(pid_file.read_text())
    state = ""
    while state != "gone" and time.monotonic() < deadline:
        state = _state_of(inner)
        time.sleep(0.02)
    assert state == "gone"


def _state_of(pid):
    try:
        return "gone" if Path(f"/proc/{pid}/stat").read_text().split()[2] == "Z" else "there"
    except FileNotFoundError:
        return "gone"


def test_logs_of_earlier_starts_are_kept_three_deep(tmp_path):
    log = tmp_path / "logs" / "api.log"
    for number in range(5):
        rotate(log)
        log.write_text(str(number))

    kept = {path.name: path.read_text() for path in log.parent.iterdir()}

    assert kept == {"api.log": "4", "api.log.1": "3", "api.log.2": "2", "api.log.3": "1"}


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("12:00 WARNING controller slow", True),
        ("Traceback (most recent call last):", True),
        ("12:00 INFO no ERRORS here", False),
    ],
)
def test_warnings_and_errors_matter_on_the_terminal(line, expected):
    assert is_important(line) is expected


def test_a_home_is_held_by_one_at_a_time(tmp_path):
    in_use = pytest.raises(HomeInUseError, match=f"process {os.getpid()}")

    with holding(tmp_path / "home"), in_use, holding(tmp_path / "home"):
        pass

    with holding(tmp_path / "home"):
        pass
