"""Trials of a search, planned one after the other."""

from dataclasses import replace

import pytest

from controller.actions import (
    CancelRun,
    Choose,
    EstimateCost,
    Evaluate,
    Judge,
    PrepareData,
    Promote,
    Stall,
    Trial,
)
from controller.planner import plan
from controller.state import Observed
from registry.records import RunKind
from registry.trial_records import TrialState
from specs.names import Digest
from tests.unit.controller.builders import (
    DIGESTS,
    FAILED,
    NOTHING,
    PLANNED,
    RUNNING,
    SEARCH,
    desired,
    kinds,
    running,
    trial,
)


def test_a_search_begins_with_its_first_trial():
    actions = plan(desired(training=SEARCH), NOTHING)

    assert [type(action) for action in actions] == [
        PrepareData, EstimateCost, Trial, Choose, Evaluate, Judge, Promote,
    ]  # fmt: skip
    assert (actions[2].number, actions[2].of, actions[2].digest) == (1, 3, None)


def test_bases_without_a_search_are_a_trial_each():
    wanted = desired(base={"model": "base", "candidates": ["other"]})

    (_, _, action, *_) = plan(wanted, NOTHING)

    assert (type(action), action.of) == (Trial, 2)


@pytest.mark.parametrize("state", [PLANNED, RUNNING], ids=["proposed", "running"])
def test_a_trial_that_has_begun_is_carried_on(state):
    observed = Observed(
        trials=(trial(1, value=0.5), trial(2, state)), data_is_prepared=True, is_estimated=True
    )

    (action, *_) = plan(desired(training=SEARCH), observed)

    assert (action.number, action.digest) == (2, "sha256:trial-2")


def test_the_run_of_a_trial_is_kept_and_one_of_another_search_is_cancelled():
    observed = Observed(trials=(trial(1, RUNNING),), data_is_prepared=True, is_estimated=True)
    own, other = (running(Digest(f"sha256:trial-{number}"), RunKind.TRIAL) for number in (1, 9))

    kept = kinds(desired(training=SEARCH), replace(observed, running=own))
    ended = kinds(desired(training=SEARCH), replace(observed, running=other))

    assert (kept[0], ended[0]) == (Trial, CancelRun)


def test_a_trial_is_no_training_of_a_model_that_wants_just_its_values():
    run = running(DIGESTS.training, RunKind.TRIAL)

    actions = kinds(desired(), Observed(running=run, data_is_prepared=True, is_estimated=True))

    assert actions[0] is CancelRun


def test_the_best_trial_is_chosen_and_of_equals_the_earlier_one():
    trials = (trial(1, value=0.5), trial(2, value=0.7), trial(3, value=0.7))
    observed = Observed(
        trials=trials, kept_trials=frozenset({1, 2, 3}), data_is_prepared=True, is_estimated=True
    )

    (action, *_) = plan(desired(training=SEARCH), observed)

    assert (type(action), action.number) == (Choose, 2)


def test_a_failed_trial_does_not_end_the_search():
    trials = (trial(1, FAILED), trial(2, TrialState.PRUNED), trial(3, value=0.1))
    observed = Observed(
        trials=trials, kept_trials=frozenset({3}), data_is_prepared=True, is_estimated=True
    )

    (action, *_) = plan(desired(training=SEARCH), observed)

    assert (type(action), action.number) == (Choose, 3)


def test_a_search_whose_trials_all_failed_stalls_with_their_reasons():
    trials = tuple(trial(number, FAILED) for number in (1, 2, 3))

    (*_, stall) = plan(
        desired(training=SEARCH), Observed(trials=trials, data_is_prepared=True, is_estimated=True)
    )

    assert isinstance(stall, Stall)
    assert stall.failure.reason == "AllTrialsFailed"
    assert "LossNotFinite (3)" in stall.failure.message


def test_the_best_trial_is_trained_again_when_its_files_are_gone():
    trials = tuple(trial(number, value=number / 10) for number in (1, 2, 3))

    actions = plan(
        desired(training=SEARCH), Observed(trials=trials, data_is_prepared=True, is_estimated=True)
    )

    assert [type(action) for action in actions[:2]] == [Trial, Choose]
    assert actions[0].number == 3
