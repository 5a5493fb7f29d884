import json

import pytest

from controller.cli.output import with_short_revisions


def test_an_empty_registry_says_what_to_do_next(trueup):
    result = trueup("status")

    assert result.exit_code == 0
    assert "trueup init DIR" in result.stdout


def test_each_model_shows_the_one_thing_it_waits_for(world, trueup):
    world.declare(waiting_for="gates of version 2")
    world.set_conditions(Ready="False", Reconciling="True")

    result = trueup("status")

    assert "support-intents" in result.stdout
    assert "Reconciling" in result.stdout
    assert "gates of version 2" in result.stdout


def test_a_run_is_shown_with_a_progress_bar(world, trueup):
    world.declare(waiting_for="training")
    world.progress(world.run(), 0.5)

    result = trueup("status")

    assert "━━━━━━━━╌╌╌╌╌╌╌╌  50% training, 32 s left" in result.stdout


def test_one_models_conditions_are_listed_with_their_reasons(world, trueup):
    world.declare()
    world.set_conditions(Ready="True", DataDriftDetected="True")
    world.go_live(world.version())

    result = trueup("status", "support-intents")

    assert "Ready, data drift" in result.stdout
    assert "version 1" in result.stdout
    assert "BecauseDataDriftDetected: as it is" in result.stdout
    assert max(len(line) for line in result.stdout.splitlines()) <= 80


def test_json_has_the_fields_that_scripts_rely_on(world, trueup):
    world.declare(waiting_for="data")
    world.set_conditions(Ready="False")

    status = json.loads(trueup("status", "support-intents", "--json").stdout)

    named = {"name", "revision", "live_version", "waiting_for", "conditions"}
    assert named <= set(status)
    assert set(status["conditions"][0]) == {
        "type", "status", "reason", "message", "observed_revision", "last_transition_time",
    }  # fmt: skip
    assert status["waiting_for"] == "data"


def test_an_unknown_model_is_an_error_on_stderr_with_a_fix(world, trueup):
    world.declare()

    result = trueup("status", "support-intent")

    assert result.exit_code == 1
    assert result.stdout == ""
    assert "there is no model 'support-intent'" in result.stderr
    assert "support-intents" in result.stderr


def test_an_api_that_does_not_answer_has_an_exit_code_of_its_own(invoke):
    result = invoke("status", "--api-url", "http://127.0.0.1:9")

    assert result.exit_code == 3
    assert "trueup up" in result.stderr


@pytest.mark.parametrize("command", ["status", "versions", "rollback"])
def test_no_failure_shows_a_traceback(invoke, command):
    extra = ["--reason", "x"] if command == "rollback" else []

    result = invoke(command, "support-intents", *extra, "--api-url", "http://127.0.0.1:9")

    assert "Traceback" not in result.output
    assert len(result.stderr.splitlines()) <= 2


def test_revisions_in_sentences_are_shortened_to_what_people_type():
    long = "main@sha1:" + "0123456789" * 4

    assert with_short_revisions(f"read at {long}; git {long}") == (
        "read at main@0123456; git main@0123456"
    )
