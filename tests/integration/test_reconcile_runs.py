"""Runs that are cancelled, adopted, lost, repaired, or fail, on a real repository and registry."""

from datetime import UTC, datetime

from controller.follower import Follower
from controller.job_protocol import JobFolder
from controller.metrics import ControllerMetrics
from controller.outcomes import Settled, Stalled
from registry.records import RunState
from registry.store import (
    events,
    models,
    runs,
)
from specs.conditions import ConditionType
from tests.integration.world import SPEC


def test_a_newer_commit_cancels_a_run_that_it_makes_pointless(world):
    world.executor.held.add("train")
    for _ in range(4):
        world.look()
    world.change("seed: 1", "seed: 2")

    world.look()
    world.executor.held.clear()
    world.settle()

    with world.database.reading() as session:
        states = [run.state for run in runs.list_runs(session, "intents")]
        cancelled = [
            run for run in runs.list_runs(session, "intents") if run.state is RunState.CANCELLED
        ]
    assert states.count(RunState.CANCELLED) == 1
    assert cancelled[0].failure.reason == "Superseded"
    assert not cancelled[0].revision.endswith(world.git("rev-parse", "HEAD"))
    assert (world.versions, len(world.executor.killed)) == ([1], 1)


def test_a_run_is_kept_by_a_commit_that_does_not_change_its_digest(world):
    world.executor.held.add("train")
    for _ in range(4):
        world.look()
    world.change("min: 0.8", "min: 0.7")

    world.look()
    world.executor.held.clear()
    world.settle()

    assert world.executor.killed == []
    assert world.executor.started.count("train") == 1


def test_a_run_whose_spec_became_invalid_keeps_no_other_model_waiting(world):
    world.executor.held.add("train")
    for _ in range(4):
        world.look()
    world.write("specs/other.yaml", SPEC.replace("intents", "other"))
    world.change("gates:", "gatez:")
    during = world.look(name="other")
    world.executor.held.clear()

    after = world.look(name="other")

    assert "a free slot" in during.on
    assert after.on.endswith("starting")


def test_a_deleted_spec_retires_its_model_and_ends_its_run(world):
    asked = []
    follower = Follower(
        world.tools, ControllerMetrics(), lambda name, trigger: asked.append((name, trigger))
    )
    follower.look()
    world.executor.held.add("train")
    for _ in range(4):
        world.look()
    (world.folder / "specs" / "intents.yaml").unlink()
    world.commit("no more")

    follower.look()

    assert asked == [("intents", "commit")]
    assert {"Retired", "RunCancelled"} <= set(world.events)
    with world.database.reading() as session:
        assert models.list_models(session) == []
        assert runs.list_running(session) == []


def test_a_repository_that_goes_away_is_said_and_its_models_are_looked_at(world):
    asked = []
    follower = Follower(
        world.tools, ControllerMetrics(), lambda name, trigger: asked.append((name, trigger))
    )
    follower.look()
    world.folder.rename(world.folder.with_name("moved"))

    follower.look()
    follower.look()
    away = follower.failure
    world.folder.with_name("moved").rename(world.folder)
    follower.look()

    assert "since" in away
    assert follower.failure is None
    assert asked == [("intents", "commit"), ("intents", "source"), ("intents", "source")]


def test_a_killed_controller_adopts_the_run_that_goes_on(world):
    world.executor.held.add("train")
    for _ in range(4):
        world.look()
    world.restart()

    world.look()
    world.executor.held.clear()
    world.settle()

    assert world.executor.started.count("train") == 1
    assert world.live == 1


def test_a_result_that_a_killed_controller_did_not_record_is_recorded_once(world):
    world.executor.held.add("train")
    for _ in range(4):
        world.look()
    world.executor.held.clear()
    with world.database.reading() as session:
        run = runs.find_running(session, "intents")
    world.executor.poll(world.tools.run_folder(run.id), run.job)  # the job ends; nobody looks
    world.restart()

    world.settle()

    assert (world.versions, world.live) == ([1], 1)
    assert world.executor.started.count("train") == 1


def test_a_lost_process_is_started_again_in_the_same_run(world):
    world.executor.lost.add("train")

    world.settle()

    with world.database.reading() as session:
        trained = [r for r in runs.list_runs(session, "intents") if r.kind == "train"]
    assert [run.attempt for run in trained] == [2]
    assert "RunResumed" in world.events
    assert world.live == 1


def test_a_run_that_is_lost_again_and_again_stalls(world):
    poll = world.executor.poll

    def always_lost(folder, job):
        world.executor.lost.add(job["kind"])
        return poll(folder, job)

    world.executor.poll = always_lost

    outcome = world.settle()

    assert isinstance(outcome, Stalled)
    assert outcome.failure.reason == "ProcessLost"
    assert world.executor.started == ["data"] * world.settings.max_attempts


def test_a_failed_run_stalls_and_is_not_repeated(world):
    world.executor.results["train"] = {
        "ok": False,
        "reason": "OutOfMemory",
        "message": "no memory",
        "fix": "lower per_device_train_batch_size",
        "is_transient": False,
    }

    world.settle()
    outcome = world.settle("resync")

    assert isinstance(outcome, Stalled)
    assert world.executor.started.count("train") == 1
    stalled = world.conditions[ConditionType.STALLED]
    assert (stalled.reason, "lower per_device" in stalled.message) == ("OutOfMemory", True)


def test_a_person_who_asks_gets_another_try(world):
    failure = {"ok": False, "reason": "X", "message": "m", "fix": None, "is_transient": False}
    world.executor.results["train"] = failure
    world.settle()
    world.executor.results.clear()

    world.look("manual", forgiven_before=datetime.now(UTC))
    for _ in range(10):
        outcome = world.look("manual")

    assert isinstance(outcome, Settled)
    assert world.live == 1


OUT_OF_MEMORY = {
    "ok": False,
    "reason": "OutOfMemory",
    "message": "no memory",
    "fix": "raise compute.memory_gib",
    "is_transient": False,
}


def test_what_a_job_says_of_a_repair_stands_in_the_models_history(world):
    world.executor.held.add("train")
    for _ in range(10):
        world.look()
    with world.database.reading() as session:
        run = runs.find_running(session, "intents")
    folder = JobFolder(world.tools.run_folder(run.id))
    folder.event("RunRepaired", "out of memory: going on with 16 rows a batch")

    world.look("resync")
    world.look("resync")

    with world.database.reading() as session:
        told = [one for one in events.list_events(session, limit=100) if one.kind == "RunRepaired"]
    assert [(one.model, one.data["run"]) for one in told] == [("intents", run.id)]
    assert told[0].message.endswith("out of memory: going on with 16 rows a batch")


def test_a_commit_that_changes_only_compute_is_another_try(world):
    world.executor.results["train"] = OUT_OF_MEMORY
    world.settle()
    world.change("  gates:", "  compute: {memory_gib: 4}\n  gates:")
    world.settle()
    tried_with_four = world.executor.started.count("train")
    world.settle("resync")
    assert tried_with_four == world.executor.started.count("train") == 2
    world.executor.results.clear()

    world.change("memory_gib: 4", "memory_gib: 8")

    assert isinstance(world.settle(), Settled)
    assert world.live == 1


def test_a_run_that_timed_out_is_tried_again_with_the_time_that_a_commit_gives_it(world):
    world.executor.held.add("train")
    world.change("  gates:", "  compute: {timeout_minutes: 0.000001}\n  gates:")
    outcome = world.settle()
    assert isinstance(outcome, Stalled)
    assert outcome.failure.reason == "TimedOut"
    world.executor.held.clear()

    world.change("timeout_minutes: 0.000001", "timeout_minutes: 60")

    assert isinstance(world.settle(), Settled)
    assert world.live == 1
