"""The controller on a real git repository and a real registry; only the jobs are scripted."""

from controller.fitness import Abilities
from controller.outcomes import Settled, Stalled
from registry.store import (
    evaluations,
)
from specs.conditions import ConditionStatus, ConditionType


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
    assert told["metrics"]["roc_auc"]["change"]["value"] == 0.0


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
