import json
import os
import signal
import subprocess
import sys
import time

import pytest


def test_the_newest_runs_log_is_printed(world, trueup):
    world.declare()
    first = world.run()
    world.log(first, "old")
    world.finish(first)
    world.log(world.run(), "epoch 1", "epoch 2")

    assert trueup("logs", "support-intents").stdout == "epoch 1\nepoch 2\n"


def test_a_run_can_be_named(world, trueup):
    world.declare()
    first = world.run()
    world.log(first, "old")
    world.finish(first)
    world.log(world.run(), "new")

    assert trueup("logs", "support-intents", "--run", first).stdout == "old\n"


def test_a_long_log_is_printed_whole(world, trueup):
    world.declare()
    world.log(world.run(), *(f"line {number}" for number in range(2500)))

    assert len(trueup("logs", "support-intents").stdout.splitlines()) == 2500


def test_a_model_without_a_run_says_where_to_look(world, trueup):
    world.declare()

    result = trueup("logs", "support-intents")

    assert result.exit_code == 1
    assert "trueup status NAME" in result.stderr


def test_log_lines_as_json_name_their_run(world, trueup):
    world.declare()
    run = world.run()
    world.log(run, "epoch 1")

    line = json.loads(trueup("logs", "support-intents", "--json").stdout)

    assert (line["run"], line["text"]) == (run, "epoch 1")


def test_events_are_printed_oldest_first(world, trueup):
    world.declare()
    world.event("version 1 is live")
    world.event("version 2 is live")

    lines = trueup("events").stdout.splitlines()

    assert "support-intents  Promoted: version 1 is live" in lines[0]
    assert "version 2" in lines[1]


def test_events_as_json_are_one_list(world, trueup):
    world.declare()
    world.event("version 1 is live")

    (event,) = json.loads(trueup("events", "--json").stdout)

    assert (event["kind"], event["model"]) == ("Promoted", "support-intents")


def test_no_events_yet_says_what_to_do(trueup):
    result = trueup("events")

    assert result.exit_code == 0
    assert "trueup up" in result.stdout


@pytest.mark.parametrize(
    "command", [["logs", "support-intents"], ["events"]], ids=["logs", "events"]
)
def test_following_goes_on_as_more_comes_until_interrupted(world, api_url, command):
    world.declare()
    run = world.run()
    world.log(run, "first")
    world.event("first")
    process = subprocess.Popen(
        [sys.executable, "-m", "controller.cli", *command, "--follow"],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "TRUEUP_API_URL": api_url},
    )

    before = process.stdout.readline()
    world.log(run, "second")
    world.event("second")
    after = process.stdout.readline()
    process.send_signal(signal.SIGINT)

    assert (before.strip().split()[-1], after.strip().split()[-1]) == ("first", "second")
    assert process.wait(10) == 130
    process.stdout.close()


def test_following_a_model_goes_on_with_its_next_run(world, api_url):
    world.declare()
    first = world.run()
    world.log(first, "of the first run")
    process = subprocess.Popen(
        [sys.executable, "-m", "controller.cli", "logs", "support-intents", "--follow"],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "TRUEUP_API_URL": api_url},
    )

    before = process.stdout.readline()
    world.finish(first)
    world.log(world.run(), "of the second run")
    started = time.monotonic()
    after = process.stdout.readline()
    process.kill()

    assert (before, after) == ("of the first run\n", "of the second run\n")
    assert time.monotonic() - started < 5
    process.wait()
    process.stdout.close()
