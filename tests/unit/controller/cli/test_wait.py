import json
import threading
import time

import pytest

from controller.cli.failures import BadInputError
from controller.cli.wait import is_at, parse_wish

COMMIT = "abc1234" + "0" * 33


def model(live=None, **statuses):
    conditions = [
        {"type": name, "status": status, "observed_revision": f"main@sha1:{COMMIT}"}
        for name, status in statuses.items()
    ]
    return {"live_version": live, "conditions": conditions}


@pytest.mark.parametrize(
    ("text", "status", "expected"),
    [
        ("Ready", model(Ready="True"), True),
        ("Ready", model(Ready="Unknown"), False),
        ("Ready", model(), False),
        ("Ready=False", model(Ready="False"), True),
        ("version=2", model(live=2), True),
        ("version=2", model(live=12), False),
        ("version=2", model(), False),
    ],
)
def test_a_wish_holds_when_the_status_says_so(text, status, expected):
    assert parse_wish(text).holds(status) is expected


def test_a_wish_can_be_for_one_commit():
    assert parse_wish("Ready", revision="abc1234").holds(model(Ready="True"))
    assert not parse_wish("Ready", revision="fff").holds(model(Ready="True"))


@pytest.mark.parametrize(
    ("text", "fix"),
    [
        ("Redy", "did you mean 'Ready'?"),
        ("ready=true", "did you mean 'Ready'?"),
        ("Ready=yes", "True"),
        ("version=0", "version=N"),
        ("version=two", "version=N"),
    ],
)
def test_a_wish_that_cannot_be_meant_is_bad_input_with_the_nearest(text, fix):
    with pytest.raises(BadInputError) as raised:
        parse_wish(text)

    assert fix in raised.value.fix


def test_a_revision_is_recognised_by_its_first_digits_and_in_full():
    observed = f"main@sha1:{COMMIT}"

    assert is_at(observed, "ABC1234")
    assert is_at(observed, observed)
    assert is_at(observed, None)
    assert not is_at(None, "abc")


def test_what_holds_already_is_not_waited_for(world, trueup):
    world.declare()
    world.set_conditions(Ready="True")

    result = trueup("wait", "support-intents", "--for", "Ready", "--timeout", "0")

    assert result.exit_code == 0
    assert result.stdout == "support-intents: Ready\n"


def test_waiting_ends_as_soon_as_it_holds(world, trueup):
    world.declare()
    number = world.version()
    timer = threading.Timer(0.7, lambda: world.go_live(number))
    started = time.monotonic()

    timer.start()
    result = trueup("wait", "support-intents", "--for", "version=1", "--json")

    assert json.loads(result.stdout)["live_version"] == 1
    assert 0.6 < time.monotonic() - started < 5
    timer.join()


def test_a_timeout_exits_with_one_and_says_what_is_waited_for(world, trueup):
    world.declare(waiting_for="gates of version 2")

    result = trueup("wait", "support-intents", "--for", "Ready", "--timeout", "0.3")

    assert result.exit_code == 1
    assert "not Ready after 0.3 s: gates of version 2" in result.stderr


def test_a_model_that_is_not_known_yet_is_waited_for(trueup):
    result = trueup("wait", "support-intents", "--for", "Ready", "--timeout", "0.3")

    assert result.exit_code == 1
    assert "the model is not known yet" in result.stderr


def test_an_api_that_is_away_until_the_end_has_its_own_exit_code(invoke):
    address = ("--api-url", "http://127.0.0.1:9")

    result = invoke("wait", "support-intents", "--for", "Ready", "--timeout", "0.3", *address)

    assert result.exit_code == 3
