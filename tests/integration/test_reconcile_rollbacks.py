"""Rollbacks, holds and pins, on a real git repository and a real registry."""

from datetime import UTC, datetime

from controller.outcomes import Deferred
from registry.store import (
    holds,
)
from specs.conditions import ConditionType


def test_a_rollback_is_held_written_to_git_and_respected(world):
    world.settle()
    world.change("seed: 1", "seed: 2")
    world.settle()

    world.roll_back()
    world.settle("rollback")

    assert world.live == 1
    assert world.git("log", "-1", "--format=%an: %s") == "Trueup: Pin intents to version 1"
    assert "pin: 1}  # the bot writes here" in (world.folder / "specs/intents.yaml").read_text()
    world.settle()
    assert (world.live, world.hold.version) == (1, 1)
    assert world.conditions[ConditionType.READY].reason == "Held"
    assert world.executor.started.count("train") == 2


def test_a_commit_after_a_rollback_trains_but_does_not_go_live(world):
    world.settle()
    world.change("seed: 1", "seed: 2")
    world.settle()
    world.roll_back()
    world.settle("rollback")
    world.change("seed: 2", "seed: 3")

    world.settle()

    assert (world.versions, world.live) == ([1, 2, 3], 1)


def test_taking_the_pin_out_ends_the_hold_and_keeps_the_quarantine(world):
    world.settle()
    world.change("seed: 1", "seed: 2")
    world.settle()
    world.roll_back()
    world.settle("rollback")

    world.change("pin: 1", "pin: null")
    world.settle()

    assert world.hold is None
    assert world.live == 1
    assert world.conditions[ConditionType.PROMOTED].reason == "Quarantined"


def test_a_release_takes_the_pin_out_of_git_and_newer_versions_go_live(world):
    world.settle()
    world.change("seed: 1", "seed: 2")
    world.settle()
    world.roll_back()
    world.settle("rollback")
    with world.database.transaction() as session:
        holds.release_hold(session, "intents", by="ann", reason="mended", now=datetime.now(UTC))

    world.settle("manual")
    world.change("seed: 2", "seed: 3")
    world.settle()

    assert "pin: null}  # the bot" in (world.folder / "specs/intents.yaml").read_text()
    assert (world.versions, world.live) == ([1, 2, 3], 3)


def test_a_write_back_that_is_refused_waits_and_comes_later(world):
    world.settle()
    world.change("seed: 1", "seed: 2")
    world.settle()
    spec = world.folder / "specs" / "intents.yaml"
    committed = spec.read_text()
    spec.write_text(committed + "# being edited\n")
    world.roll_back()

    refused = world.settle("rollback")
    waited = world.waiting_for
    spec.write_text(committed)
    world.settle("rollback")

    assert isinstance(refused, Deferred)
    assert "write the pin back" in waited
    assert world.git("log", "-1", "--format=%an") == "Trueup"


def test_going_forward_again_is_a_rollback_to_the_newer_version(world):
    world.settle()
    world.change("seed: 1", "seed: 2")
    world.settle()
    world.roll_back()
    world.settle("rollback")

    world.roll_back(to=2)
    world.settle("rollback")

    assert world.live == 2
    assert "pin: 2" in (world.folder / "specs/intents.yaml").read_text()
