import json
import socket

import pytest

from controller.settings import ControllerSettings
from controller.supervisor.parts import (
    Part,
    PortTakenError,
    check_ports,
    environment_of,
    is_taken,
    parts_of,
)


def part(name, port):
    return Part(name, ("true",), "127.0.0.1", port, f"{name}_port", serves=name)


@pytest.fixture
def taken_port():
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        yield other.getsockname()[1]


def test_the_registry_is_started_first_and_on_the_api_port():
    parts = parts_of(ControllerSettings(api_port=9000))

    assert [one.name for one in parts] == ["registry", "gateway", "monitors", "controller"]
    assert parts[0].url == "http://127.0.0.1:9000"
    assert parts[0].command[1:] == ("-m", "registry")


def test_a_part_that_listens_everywhere_is_asked_on_this_machine():
    assert parts_of(ControllerSettings(host="0.0.0.0"))[0].url == "http://127.0.0.1:8080"


def test_children_read_the_same_settings_from_their_environment(monkeypatch, tmp_path):
    settings = ControllerSettings(
        home=tmp_path, api_port=9000, offline=True, mirrors={"a/b": "/models/b"}, repo="/shop"
    )

    for name, text in environment_of(settings, {"PATH": "/bin"}).items():
        monkeypatch.setenv(name, text)

    assert ControllerSettings() == settings


def test_settings_win_over_inherited_variables():
    settings = ControllerSettings(api_port=9000)

    environment = environment_of(settings, {"TRUEUP_API_PORT": "1", "PATH": "/bin"})

    assert environment["TRUEUP_API_PORT"] == "9000"
    assert environment["PATH"] == "/bin"
    assert json.loads(environment["TRUEUP_MIRRORS"]) == {}


def test_what_is_not_set_is_not_handed_on():
    assert "TRUEUP_DATABASE_URL" not in environment_of(ControllerSettings(), {})


def test_a_taken_port_is_named_with_its_part_and_the_setting_that_moves_it(taken_port):
    with pytest.raises(PortTakenError, match=f"port {taken_port} of the gateway") as raised:
        check_ports([part("gateway", taken_port)])

    assert "--gateway-port" in raised.value.fix
    assert "TRUEUP_GATEWAY_PORT" in raised.value.fix


def test_two_parts_on_one_port_are_found_before_anything_starts(taken_port):
    free = taken_port + 1 if not is_taken("127.0.0.1", taken_port + 1) else taken_port + 2

    with pytest.raises(PortTakenError, match="by the api of this installation"):
        check_ports([part("api", free), part("gateway", free)])


def test_a_free_port_is_free(taken_port):
    assert is_taken("127.0.0.1", taken_port)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    assert not is_taken("127.0.0.1", port)
