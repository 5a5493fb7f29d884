import json

import pytest

from registry.records import Failure, RunKind, RunState, VersionDraft
from registry.store.runs import finish_run, get_run
from registry.store.trials import record_trial
from registry.store.versions import record_version
from registry.trial_records import TrialDraft
from specs.digest import digest_of
from tests.unit.controller.cli.conftest import MODEL, REVISION, START

SEARCH = digest_of("search")


def tried(world, number, *, value=None, failure=None):
    """One trial of three that has ended."""
    run = world.run(RunKind.TRIAL)
    with world.database.reading() as session:
        digest = get_run(session, run).digest
    draft = TrialDraft(
        MODEL, SEARCH, number, 3, digest, "tiny", {"learning_rate": number / 1000}, "f1_macro"
    )
    world.write(record_trial, draft, now=START)  # proposed before its run began
    state = RunState.FAILED if failure else RunState.SUCCEEDED
    result = {"training": {"validation": {"f1_macro": value}}}
    world.write(
        finish_run, run, state=state, result=None if failure else result, failure=failure,
        now=world.now,
    )  # fmt: skip


@pytest.fixture
def searched(world):
    world.declare()
    tried(world, 1, value=0.91234)
    tried(world, 2, failure=Failure("LossNotFinite", "no number", "lower it"))
    tried(world, 3, value=0.9)
    lineage = {"base": {"model": "tiny"}, "search": {"chosen": 1, "trials": [1, 2, 3]}}
    lineage["search"]["metric"] = "f1_macro"
    draft = VersionDraft(MODEL, SEARCH, REVISION, "r-1", {}, lineage, {})
    world.write(record_version, draft, now=world.now)


def test_a_search_is_shown_with_its_values_and_what_was_chosen(searched, trueup):
    lines = trueup("trials", MODEL).stdout.splitlines()

    assert lines[0] == "3 of 3 trials have ended; version 1 is trial 1."
    assert lines[2].split() == ["TRIAL", "STATE", "F1_MACRO", "SECONDS", "TRIED"]
    assert [line.split() for line in lines[3:]] == [
        ["1", "chosen", "0.9123", "2", "learning_rate", "0.001"],
        ["2", "failed", "-", "2", "learning_rate", "0.002;", "LossNotFinite"],
        ["3", "succeeded", "0.9", "2", "learning_rate", "0.003"],
    ]


def test_json_has_what_scripts_rely_on(searched, trueup):
    found = json.loads(trueup("trials", f"{MODEL}@1", "--json").stdout)

    assert (found["chosen"], found["of"], found["metric"]) == (1, 3, "f1_macro")
    first, second, _ = found["trials"]
    assert (first["value"], first["parameters"]) == (0.91234, {"learning_rate": 0.001})
    assert second["failure"]["reason"] == "LossNotFinite"


def test_a_version_says_which_trial_it_is(searched, trueup):
    said = " ".join(trueup("show", f"{MODEL}@1").stdout.split())

    assert "trial 1 of 3, the best by f1_macro on validation rows" in said


def test_a_model_without_a_search_says_how_to_get_one(world, trueup):
    world.declare()

    result = trueup("trials", MODEL)

    assert result.exit_code == 1
    assert "training.search or base.candidates" in result.stderr


def test_a_version_without_a_search_says_so(world, trueup):
    world.declare()
    world.version()

    result = trueup("trials", f"{MODEL}@1")

    assert result.exit_code == 1
    assert "version 1 of support-intents comes from no search" in result.stderr
