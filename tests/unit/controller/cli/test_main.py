import json
import os
import resource
import subprocess
import sys

import pytest

from controller.cli.main import COMMANDS

HEAVY = ("pydantic", "httpx", "rich", "sqlalchemy", "fastapi", "numpy", "torch")
CPU_SECONDS = 0.3


def test_help_imports_nothing_heavy():
    code = (
        "import sys; from controller.cli.main import app\n"
        f"print([name for name in {HEAVY} if name in sys.modules])"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"


def test_help_takes_less_than_a_third_of_a_second_of_cpu():
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [sys.executable, "-m", "controller.cli", "--help"]
    for _ in range(3):
        subprocess.run(command, capture_output=True, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)

    spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    assert spent / 3 < CPU_SECONDS


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
def test_every_commands_help_has_an_example_of_itself(invoke, command):
    result = invoke(command.name, "--help")

    assert result.exit_code == 0
    assert "Examples:" in result.stdout
    for example in command.examples:
        assert example.startswith(f"trueup {command.name}")
        assert example in result.stdout


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
def test_every_command_that_only_prints_has_json(invoke, command):
    if command.name in {"up", "demo"}:
        pytest.skip("runs until it is stopped")

    assert "--json" in invoke(command.name, "--help").stdout


def test_help_documents_the_exit_codes(invoke):
    assert "3 the API does not answer" in invoke("--help").stdout


def test_an_unknown_command_is_bad_input(invoke):
    result = invoke("statsu")

    assert result.exit_code == 2
    assert "status" in result.stderr


def test_a_setting_that_is_none_is_named_with_its_variable(invoke):
    result = invoke("status", TRUEUP_API_PORT="eighty")

    assert result.exit_code == 2
    assert "TRUEUP_API_PORT" in result.stderr
    assert len(result.stderr.splitlines()) == 2


def test_a_settings_file_with_an_error_is_named(invoke, tmp_path):
    (tmp_path / "trueup.toml").write_text("api_port = = 3\n")

    result = invoke("status")

    assert result.exit_code == 2
    assert "trueup.toml" in result.stderr


def test_the_settings_file_says_where_the_api_is(invoke, tmp_path):
    (tmp_path / "trueup.toml").write_text("api_port = 9\n")

    result = invoke("status")

    assert result.exit_code == 3
    assert ":9" in result.stderr


def test_the_version_is_printed(invoke):
    assert set(json.loads(invoke("version", "--json").stdout)) == {"trueup", "python"}


def test_colours_are_off_where_there_is_no_terminal(world, trueup):
    world.declare()
    world.set_conditions(Ready="True", Stalled="False")

    assert "\x1b[" not in trueup("status", "support-intents").stdout


def test_a_reader_that_goes_away_is_no_traceback():
    done = subprocess.run(
        f"{sys.executable} -m controller.cli --help | true",
        shell=True,
        capture_output=True,
        text=True,
        env=os.environ,
        check=False,
    )

    assert "Traceback" not in done.stderr
