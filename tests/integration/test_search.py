"""A search on a real repository and registry; only the jobs are scripted."""

import pytest

from controller.catalog import read_catalog
from controller.outcomes import Settled, Stalled, Waiting
from controller.search.proposals import propose
from registry.records import RunKind
from registry.store import runs, trials, versions
from registry.trial_records import TrialState
from specs.conditions import ConditionType

pytest.importorskip("optuna")

SEARCH = "search: {trials: 3, parameters: {learning_rate: {low: 1e-4, high: 1e-2, log: true}}}"


def search(world, text=SEARCH):
    world.change("training: {seed: 1}", f"training: {{seed: 1, {text}}}")


def trials_of(world):
    with world.database.reading() as session:
        digest = trials.latest_search(session, "intents")
        return trials.list_trials(session, "intents", digest) if digest else []


def spec_of(world):
    repository = world.tools.repository
    catalog = read_catalog(repository, repository.fetch(), specs_path="specs")
    return catalog.models["intents"].spec.spec


def version_of(world, number):
    with world.database.reading() as session:
        return versions.get_version(session, "intents", number)


def test_the_best_trial_becomes_the_version(world):
    search(world)
    world.executor.value_of_trial = {1: 0.6, 2: 0.9, 3: 0.7}

    outcome = world.settle()

    assert isinstance(outcome, Settled)
    assert world.executor.started == ["data", "estimate", "trial", "trial", "trial", "evaluate"]
    assert (world.versions, world.live) == ([1], 1)
    version = version_of(world, 1)
    found = version.lineage["search"]
    assert (found["chosen"], [one["value"] for one in found["trials"]]) == (2, [0.6, 0.9, 0.7])
    chosen = trials_of(world)[1]
    rate = version.lineage["inputs"]["training"]["arguments"]["learning_rate"]
    assert rate == chosen.parameters["learning_rate"]
    assert "search" not in version.lineage["inputs"]["training"]
    assert (version.run_id, version.training["validation"]["f1_macro"]) == (chosen.run_id, 0.9)


def test_only_the_files_of_the_version_stay(world):
    search(world)
    world.settle()

    folders = [world.tools.run_folder(one.run_id) for one in trials_of(world)]

    assert [folder / "output" for folder in folders if (folder / "output").exists()] == []
    assert all((folder / "job.json").exists() for folder in folders)
    assert version_of(world, 1).files


def test_what_it_waits_for_names_the_trial(world):
    search(world)
    world.executor.held.add("trial")
    for _ in range(6):
        outcome = world.look()

    assert outcome.on.startswith("trial 1 of 3: trial run r-")
    assert world.waiting_for == outcome.on


def test_a_trial_that_fails_is_passed_over(world):
    search(world)
    world.executor.value_of_trial = {1: 0.6, 2: None, 3: 0.5}

    world.settle()

    assert [one.state for one in trials_of(world)] == [
        TrialState.SUCCEEDED,
        TrialState.FAILED,
        TrialState.SUCCEEDED,
    ]
    assert version_of(world, 1).lineage["search"]["chosen"] == 1


def test_when_all_trials_fail_it_stalls_and_a_person_who_asks_gets_another_try(world):
    search(world)
    world.executor.value_of_trial = dict.fromkeys((1, 2, 3))
    stalled = world.settle()
    again = world.settle("resync")
    before = [one.parameters for one in trials_of(world)]
    world.executor.value_of_trial = {}

    now = world.tools.clock()
    while isinstance(outcome := world.look("manual", forgiven_before=now), Waiting):
        pass

    assert isinstance(stalled, Stalled)
    assert isinstance(again, Stalled)
    assert stalled.failure.reason == "AllTrialsFailed"
    assert isinstance(outcome, Settled)
    assert [one.parameters for one in trials_of(world)] == before
    assert world.executor.started.count("trial") == 6


def test_a_controller_killed_at_any_moment_makes_the_same_trials_and_one_version(world):
    search(world)
    for _ in range(60):
        outcome = world.look()
        world.restart()
        if not isinstance(outcome, Waiting):
            break

    assert isinstance(outcome, Settled)
    assert world.versions == [1]
    found, spec = trials_of(world), spec_of(world)
    undisturbed = [propose(spec, found, number) for number in (1, 2, 3)]
    assert [(one.base, one.parameters) for one in found] == undisturbed
    assert world.executor.started.count("trial") == 3


def test_a_commit_in_the_middle_and_its_revert_lose_no_trial(world):
    search(world)
    while len([one for one in trials_of(world) if one.has_ended]) < 2:
        world.look()
    world.change("seed: 1", "seed: 2")
    world.look()

    world.git("revert", "--no-edit", "HEAD")
    world.settle()

    with world.database.reading() as session:
        done = runs.list_runs(session, "intents")
    assert world.versions == [1]
    assert [run.state for run in done if run.kind is RunKind.TRIAL].count("succeeded") == 3


def test_a_wider_search_does_not_train_again_what_an_earlier_one_did(world):
    search(world, "search: {sampler: grid, parameters: {lora.r: {choices: [4, 8]}}}")
    world.settle()

    world.change("choices: [4, 8]", "choices: [4, 8, 16]")
    world.settle()

    assert world.executor.started.count("trial") == 2 + 1 + 1  # the best one's files were removed
    assert [one.is_reused for one in trials_of(world)][1:] == [True, False]
    assert world.versions == [1, 2]


def test_a_trial_that_equals_a_version_takes_its_value(world):
    world.settle()
    world.executor.value_of_trial = {1: 0.4}
    world.change(
        "training: {seed: 1}",
        "training: {seed: 1, search: {sampler: grid, parameters: {lora.r: {choices: [8, 16]}}}}",
    )

    world.settle()

    assert world.executor.started.count("trial") == 1
    assert version_of(world, 2).files == version_of(world, 1).files
    assert version_of(world, 2).lineage["search"]["chosen"] == 2


def test_bases_compete_without_a_search(world):
    for name in ("config.json", "tokenizer.json", "model.safetensors"):
        world.write(f"bases/other/{name}", '{"other": true}')
    world.change(
        "base: {model: bases/tiny}", "base: {model: bases/tiny, candidates: [bases/other]}"
    )
    world.executor.value_of_trial = {1: 0.6, 2: 0.9}

    world.settle()

    assert version_of(world, 1).lineage["base"]["model"] == "bases/other"
    assert version_of(world, 1).lineage["inputs"]["base"]["candidates"] == []
    assert world.live == 1


def test_a_candidate_that_is_not_there_is_named(world):
    world.change("{model: bases/tiny}", "{model: bases/tiny, candidates: [bases/non]}")

    world.settle()

    assert "bases/non" in world.conditions[ConditionType.STALLED].message


def test_no_validation_rows_stall_before_anything_is_trained(world):
    search(world)
    world.executor.validation_rows = ""

    outcome = world.settle()

    assert isinstance(outcome, Stalled)
    assert outcome.failure.reason == "NoValidationRows"
    assert world.executor.started == ["data", "estimate"]
