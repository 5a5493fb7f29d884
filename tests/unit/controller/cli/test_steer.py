import json

import pytest


@pytest.fixture
def second_is_live(world):
    world.declare()
    first = world.version()
    world.go_live(first)
    world.go_live(world.version(), expected=first)


def test_a_rollback_says_what_it_did_and_how_to_go_on(second_is_live, trueup):
    result = trueup("rollback", "support-intents", "--reason", "refunds are misread")

    assert result.exit_code == 0
    assert "version 1 is live again instead of version 2" in result.stdout
    assert "trueup release support-intents" in result.stdout


def test_a_rollback_is_recorded_under_a_persons_name(second_is_live, trueup):
    trueup("rollback", "support-intents", "--to", "1", "--reason", "refunds are misread")

    hold = json.loads(trueup("status", "support-intents", "--json").stdout)["hold"]

    assert hold["reason"] == "refunds are misread"
    assert hold["by"]


def test_a_rollback_without_a_reason_is_bad_input(second_is_live, trueup):
    result = trueup("rollback", "support-intents")

    assert result.exit_code == 2
    assert "--reason" in result.stderr


def test_a_refused_rollback_says_why(second_is_live, trueup):
    result = trueup("rollback", "support-intents", "--to", "2", "--reason", "x")

    assert result.exit_code == 1
    assert "live" in result.stderr


def test_a_release_ends_the_hold(second_is_live, trueup):
    trueup("rollback", "support-intents", "--reason", "refunds are misread")

    result = trueup("release", "support-intents", "--reason", "fixed")

    assert result.exit_code == 0
    assert "hold on version 1 is released" in result.stdout
    assert json.loads(trueup("status", "support-intents", "--json").stdout)["hold"] is None


def test_releasing_nothing_is_refused(second_is_live, trueup):
    result = trueup("release", "support-intents", "--reason", "fixed")

    assert result.exit_code == 1
    assert "no hold" in result.stderr


def test_a_look_can_be_asked_for(second_is_live, trueup):
    result = trueup("reconcile", "support-intents", "--json")

    assert json.loads(result.stdout)["kind"] == "manual"
