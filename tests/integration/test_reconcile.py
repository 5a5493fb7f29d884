"""The controller on a real git repository and a real registry; only the jobs are scripted."""

import os
import subprocess
from datetime import UTC, datetime

import pytest

from controller.catalog import read_catalog
from controller.context import Tools
from controller.fitness import LIBRARIES, Abilities
from controller.follower import Follower
from controller.job_protocol import JobFolder
from controller.metrics import ControllerMetrics
from controller.outcomes import Deferred, Settled, Stalled, Waiting
from controller.reconciler import Reconciler
from controller.settings import ControllerSettings
from controller.source.publish import Publisher
from controller.source.repository import Repository
from registry.artifacts import open_artifacts
from registry.records import RunState
from registry.store import (
    aliases,
    conditions,
    evaluations,
    events,
    holds,
    models,
    rollbacks,
    runs,
    versions,
)
from registry.store.database import Database
from specs.conditions import ConditionStatus, ConditionType
from tests.fakes import ScriptedExecutor

SPEC = """\
apiVersion: trueup/v1
kind: Model
metadata: {name: intents}
spec:
  task: text-classification
  base: {model: bases/tiny}
  data: {train: data/train.csv, test: data/test.csv}
  training: {seed: 1}
  gates:
    - {metric: accuracy, min: 0.8}
  promotion: {mode: automatic, pin: null}  # the bot writes here
"""
DVC = "outs:\n- md5: {md5}\n  size: 10\n  hash: md5\n  path: {path}\n"


class World:
    """A repository, a registry and a controller that looks when it is told to."""

    def __init__(self, root) -> None:
        self.folder = root / "repo"
        self.folder.mkdir()
        self.git("init", "-q", "-b", "main")
        self.settings = ControllerSettings(home=root / "home", repo=str(self.folder))
        self.settings.home.mkdir()
        self.executor = ScriptedExecutor()
        self.abilities = Abilities(2, has_fast_bf16=False, gpus=(), libraries=frozenset(LIBRARIES))
        self.database = Database.open(self.settings.resolved_database_url)
        self.restart()
        self.write("specs/intents.yaml", SPEC)
        for name in ("config.json", "tokenizer.json", "model.safetensors"):
            self.write(f"bases/tiny/{name}", "{}")
        self.data("train", "a")
        self.data("test", "b")
        self.commit("first")

    def restart(self) -> None:
        """Forget all that a killed controller would have forgotten."""
        environment = dict(os.environ)
        repository = Repository(
            self.settings.repo, branch=None, home=self.settings.home, environment=environment
        )
        self.tools = Tools(
            settings=self.settings,
            database=self.database,
            artifacts=open_artifacts(self.settings),
            repository=repository,
            publisher=Publisher(
                repository, name="Trueup", email="t@localhost", environment=environment
            ),
            executor=self.executor,
            abilities=self.abilities,
            clock=lambda: datetime.now(UTC),
        )
        self.metrics = ControllerMetrics()
        self.reconciler = Reconciler(self.tools, self.metrics)

    def git(self, *arguments) -> str:
        identity = ["-c", "user.name=Ann", "-c", "user.email=ann@x"]
        done = subprocess.run(
            ["git", "-C", self.folder, *identity, *arguments],
            check=True,
            capture_output=True,
            text=True,
        )
        return done.stdout.strip()

    def write(self, path, text) -> None:
        (self.folder / path).parent.mkdir(parents=True, exist_ok=True)
        (self.folder / path).write_text(text)

    def data(self, split, digit) -> None:
        text = DVC.format(md5=digit * 32, path=f"{split}.csv")
        self.write(f"data/{split}.csv.dvc", text)

    def commit(self, message) -> None:
        self.git("add", "-A")
        self.git("commit", "-qm", message)

    def change(self, old, new) -> None:
        path = self.folder / "specs" / "intents.yaml"
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new))
        self.commit(f"{old} -> {new}")

    def look(self, trigger="commit", name="intents", **more):
        repository = self.tools.repository
        catalog = read_catalog(repository, repository.fetch(), specs_path="specs")
        return self.reconciler.reconcile(name, catalog, trigger=trigger, **more)

    def settle(self, trigger="commit"):
        """Look until nothing is waited for."""
        for _ in range(50):
            outcome = self.look(trigger)
            if not isinstance(outcome, Waiting):
                return outcome
        raise AssertionError(f"still {outcome}")

    def roll_back(self, to=None):
        with self.database.transaction() as session:
            return rollbacks.roll_back(
                session, "intents", to=to, reason="bad answers", by="ann", now=datetime.now(UTC)
            )

    @property
    def live(self):
        with self.database.reading() as session:
            found = aliases.find_alias(session, "intents", "live")
        return found.version if found else None

    @property
    def versions(self):
        with self.database.reading() as session:
            return [v.number for v in versions.list_versions(session, "intents")]

    @property
    def conditions(self):
        with self.database.reading() as session:
            return conditions.read_conditions(session, "intents")

    @property
    def events(self):
        with self.database.reading() as session:
            return [event.kind for event in events.list_events(session, limit=1000)]

    @property
    def hold(self):
        with self.database.reading() as session:
            return holds.find_hold(session, "intents")

    @property
    def waiting_for(self):
        with self.database.reading() as session:
            return models.get_model(session, "intents").waiting_for


@pytest.fixture
def world(tmp_path):
    made = World(tmp_path)
    yield made
    made.database.close()


def test_a_commit_becomes_a_live_version(world):
    outcome = world.settle()

    assert isinstance(outcome, Settled)
    assert world.live == 1
    assert world.executor.started == ["data", "estimate", "train", "evaluate"]
    assert world.conditions[ConditionType.READY].status is ConditionStatus.TRUE
    assert {"VersionRegistered", "Promoted", "Ready"} <= set(world.events)


def test_a_settled_model_costs_nothing_and_writes_nothing(world):
    world.settle()
    before = (world.events, world.conditions)

    world.settle("resync")

    assert world.executor.started == ["data", "estimate", "train", "evaluate"]
    assert (world.events, world.conditions) == before


def test_a_commit_that_touches_no_input_trains_nothing(world):
    world.settle()
    world.change("# the bot writes here", "# changed")

    world.settle()

    assert world.executor.started == ["data", "estimate", "train", "evaluate"]
    revision = world.conditions[ConditionType.READY].observed_revision
    assert revision.endswith(world.git("rev-parse", "HEAD"))


def test_new_data_makes_a_new_live_version(world):
    world.settle()
    world.data("train", "c")
    world.commit("more data")

    world.settle()

    assert (world.versions, world.live) == ([1, 2], 2)


def test_a_reverted_commit_goes_back_without_training(world):
    world.settle()
    world.change("seed: 1", "seed: 2")
    world.settle()
    before = list(world.executor.started)

    world.git("revert", "--no-edit", "HEAD")
    world.settle()

    assert world.live == 1
    assert world.executor.started == before


def test_a_new_test_file_measures_without_training(world):
    world.settle()
    world.data("test", "d")
    world.commit("harder test")

    world.settle()

    assert world.versions == [1]
    assert world.executor.started[4:] == ["data", "evaluate"]


def mitigation_told(world, number):
    with world.database.reading() as session:
        evaluation = evaluations.latest_evaluation(session, "intents", number)
    return evaluation.report["mitigation"]


def test_mitigation_is_compared_with_the_version_that_lacks_nothing_else(world):
    world.settle()
    world.change("seed: 1}", "seed: 1, mitigation: {reweight: label}}")
    world.settle()

    told = mitigation_told(world, 2)

    assert told["against"] == 1
    assert told["metrics"]["accuracy"]["change"]["method"] == "tango"


def test_mitigation_without_a_like_version_says_how_to_get_one(world):
    world.change("seed: 1}", "seed: 1, mitigation: {reweight: label}}")
    world.settle()

    told = mitigation_told(world, 1)

    assert told["against"] is None
    assert "no version without mitigation" in told["message"]
    assert "commit the spec once without training.mitigation" in told["fix"]


def test_an_outcome_that_is_no_label_stops_before_training(world):
    bias = "evaluation: {bias: {groups: [side], outcomes: [refunds]}}"
    world.change("  training:", f"  {bias}\n  training:")
    world.change("test: data/test.csv}", "test: data/test.csv, slices: {side: side}}")

    outcome = world.settle()

    assert outcome.failure.reason == "OutcomeUnknown"
    assert outcome.failure.fix == "did you mean 'refund'?"
    assert world.versions == []


def test_new_gates_judge_without_any_job(world):
    world.settle()
    world.change("min: 0.8", "min: 0.99")

    outcome = world.settle()

    assert isinstance(outcome, Settled)
    assert len(world.executor.started) == 4
    assert world.conditions[ConditionType.GATES_PASSED].status is ConditionStatus.FALSE
    assert world.live == 1


def test_a_version_that_fails_its_gates_leaves_live_alone(world):
    world.settle()
    world.executor.accuracy_of_seed = {2: 0.5}
    world.change("seed: 1", "seed: 2")

    world.settle()

    assert (world.versions, world.live) == ([1, 2], 1)
    assert world.waiting_for == "a commit: version 2 did not pass its gates"
    assert "accuracy" in world.conditions[ConditionType.GATES_PASSED].message


def test_a_worse_version_does_not_pass_a_gate_against_live(world):
    world.settle()
    gate = "- {metric: accuracy, against: live, max_drop: 0.01}"
    world.executor.accuracy_of_seed = {1: 0.95, 2: 0.85}
    world.change("- {metric: accuracy, min: 0.8}", f"- {{metric: accuracy, min: 0.8}}\n    {gate}")
    world.change("seed: 1", "seed: 2")

    world.settle()

    assert (world.versions, world.live) == ([1, 2], 1)


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


def test_a_missing_dvc_file_is_named_with_its_fix(world):
    (world.folder / "data" / "train.csv.dvc").unlink()
    world.commit("forgot it")

    outcome = world.settle()

    assert isinstance(outcome, Stalled)
    assert outcome.failure.reason == "DataNotTracked"
    assert "dvc add data/train.csv" in world.conditions[ConditionType.DATA_READY].message


def test_an_unknown_base_is_named_and_leaves_live_alone(world):
    world.settle()
    world.change("bases/tiny", "bases/none")

    outcome = world.settle()

    assert isinstance(outcome, Stalled)
    assert world.conditions[ConditionType.STALLED].reason == "BaseModelNotFound"
    assert world.live == 1


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


def test_what_this_machine_cannot_train_stalls_before_anything_is_spent(world):
    world.abilities = Abilities(2, has_fast_bf16=False, gpus=(), libraries=frozenset())
    world.restart()

    outcome = world.settle()

    assert isinstance(outcome, Stalled)
    assert outcome.failure.reason == "MachineUnfit"
    assert outcome.failure.fix == "pip install 'trueup[train]'"
    assert "RunStarted" not in world.events


def test_old_names_in_a_spec_are_an_event_once(world):
    world.change("{seed: 1}", "{seed: 1, arguments: {warmup_ratio: 0.1}}")

    world.settle()
    world.settle("resync")

    assert world.events.count("OldNamesRead") == 1
