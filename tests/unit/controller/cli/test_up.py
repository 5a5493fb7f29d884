import socket
import subprocess

import pytest

from controller.cli.narrator import Narrator
from controller.cli.up import is_url


def test_a_folder_without_a_repository_explains_init(invoke, tmp_path):
    result = invoke("up", "--home", str(tmp_path / "home"))

    assert result.exit_code == 2
    assert "is not a git repository" in result.stderr
    assert "trueup init DIR" in result.stderr


def test_a_folder_that_is_not_there_explains_init(invoke):
    result = invoke("up", "--repo", "nowhere")

    assert result.exit_code == 2
    assert "there is no such folder" in result.stderr
    assert "trueup init nowhere" in result.stderr


def test_a_taken_port_is_bad_input_and_names_the_setting(invoke, tmp_path):
    subprocess.run(["git", "init", "--quiet"], cwd=tmp_path, check=True)
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = str(other.getsockname()[1])
        ports = ("--api-port", free_port(), "--gateway-port", port)

        result = invoke("up", "--home", str(tmp_path / "home"), *ports)

    assert result.exit_code == 2
    assert f"port {port} of the gateway" in result.stderr
    assert "TRUEUP_GATEWAY_PORT" in result.stderr


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return str(probe.getsockname()[1])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("https://example.org/shop.git", True),
        ("git@example.org:shop.git", True),
        ("shop", False),
        ("/srv/a:b", False),
        ("./a:b", False),
    ],
)
def test_urls_are_told_from_folders(text, expected):
    assert is_url(text) is expected


def event(number):
    return {"id": number, "model": "m", "kind": "Promoted", "message": f"version {number}"}


def running(ratio, phase="training"):
    progress = {"phase": phase, "ratio": ratio, "eta_seconds": 9.6}
    return [{"name": "m", "run": {"id": "r-1", "kind": "train", "progress": progress}}]


def test_events_from_before_the_start_are_not_told():
    narrator = Narrator()

    assert narrator.tell_events([event(1), event(2)]) == []
    assert narrator.tell_events([event(3)]) == ["m: Promoted: version 3"]
    assert narrator.last_event == 3


def test_the_first_event_of_a_new_home_is_told():
    narrator = Narrator()

    assert narrator.tell_events([]) == []
    assert narrator.tell_events([event(1)]) == ["m: Promoted: version 1"]


def test_progress_is_told_by_quarters():
    narrator = Narrator()

    told = [narrator.tell_progress(running(step / 20)) for step in range(20)]

    assert sum(bool(lines) for lines in told) == 4
    assert told[5] == ["m: train: training 25%, 10 s left"]


def test_a_new_phase_is_told():
    narrator = Narrator()

    narrator.tell_progress(running(0.1))

    assert narrator.tell_progress(running(0.1, phase="writing"))
    assert narrator.tell_progress([{"name": "m", "run": None}]) == []
