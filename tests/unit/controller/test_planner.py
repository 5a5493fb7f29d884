"""The planner: what is done next, and what is never done."""

from dataclasses import replace
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.actions import (
    Action,
    CancelRun,
    Choose,
    EstimateCost,
    Evaluate,
    Judge,
    PrepareData,
    Promote,
    ReleaseHold,
    RemovePin,
    RollBack,
    Stall,
    Train,
    Trial,
    WritePin,
)
from controller.measuring import run_of
from controller.planner import plan
from controller.reconciler import STEPS
from controller.state import Desired, Observed
from registry.records import Failure, RunKind, Verdict
from registry.trial_records import TrialState
from specs.names import Digest
from tests.unit.controller.builders import (
    DIGESTS,
    NOTHING,
    OTHER_TRAINING,
    desired,
    hold,
    judged,
    only_measured,
    running,
    trial,
)

PASS, FAIL, INCONCLUSIVE = Verdict.PASS, Verdict.FAIL, Verdict.INCONCLUSIVE


def kinds(wanted: Desired, observed: Observed) -> list[type]:
    return [type(action) for action in plan(wanted, observed)]


def test_a_new_model_goes_through_every_stage_in_order():
    actions = kinds(desired(), NOTHING)

    assert actions == [PrepareData, EstimateCost, Train, Evaluate, Judge, Promote]


def test_prepared_data_is_not_prepared_again():
    actions = kinds(desired(), Observed(data_is_prepared=True))

    assert actions[:2] == [EstimateCost, Train]


def test_a_digest_that_was_trained_is_not_trained_again():
    observed = Observed(wanted=judged(1, PASS), live=judged(2, PASS, digest=OTHER_TRAINING))

    actions = kinds(desired(), observed)

    assert actions == [Promote]


def test_a_new_test_file_measures_the_stored_weights_again():
    observed = Observed(wanted=judged(1, evaluated=False), data_is_prepared=True)

    actions = kinds(desired(), observed)

    assert actions == [Evaluate, Judge, Promote]


def test_new_gates_are_judged_from_stored_evidence():
    actions = kinds(desired(), Observed(wanted=judged(1)))

    assert actions == [Judge, Promote]


def test_a_live_version_that_passed_leaves_nothing_to_do():
    version = judged(1, PASS)

    assert kinds(desired(), Observed(wanted=version, live=version)) == []


@pytest.mark.parametrize("verdict", [FAIL, INCONCLUSIVE])
def test_a_version_that_did_not_pass_is_not_promoted(verdict):
    assert kinds(desired(), Observed(wanted=judged(1, verdict))) == []


def test_a_quarantined_digest_is_not_promoted():
    observed = Observed(wanted=judged(2, PASS), quarantined=frozenset({DIGESTS.training}))

    assert kinds(desired(), observed) == []


def test_manual_promotion_waits_for_a_person():
    wanted = desired(promotion={"mode": "manual"})

    assert Promote not in kinds(wanted, NOTHING)
    assert kinds(wanted, Observed(wanted=judged(1, PASS))) == []


def test_a_run_that_nothing_wants_any_more_is_cancelled_first():
    actions = kinds(desired(), Observed(running=running(OTHER_TRAINING)))

    assert actions[0] is CancelRun


def test_a_run_of_the_wanted_digest_is_kept():
    actions = kinds(desired(), Observed(running=running(DIGESTS.training), data_is_prepared=True))

    assert actions[0] is Train


def test_rows_whose_run_has_not_ended_are_not_trained_on():
    run = running(DIGESTS.data, RunKind.DATA)

    actions = kinds(desired(), Observed(running=run, data_is_prepared=True))

    assert actions[:3] == [PrepareData, EstimateCost, Train]


def test_a_measurement_of_live_that_no_gate_asks_for_any_more_is_cancelled():
    live = only_measured(judged(1, PASS, digest=OTHER_TRAINING))
    run = running(live.evaluation_digest, RunKind.EVALUATE)

    actions = kinds(desired(), Observed(wanted=judged(2), live=live, running=run))

    assert actions == [CancelRun, Judge, Promote]


def test_live_is_measured_on_the_same_rows_when_a_gate_compares_with_it():
    wanted = desired(gates=[{"metric": "accuracy", "against": "live", "max_drop": 0.01}])
    live = only_measured(judged(1, PASS, digest=OTHER_TRAINING))
    observed = Observed(wanted=judged(2), live=live, compared={"live": live}, data_is_prepared=True)

    actions = plan(wanted, observed)

    assert [type(action) for action in actions] == [Evaluate, Judge, Promote]
    assert actions[0].training_digest == OTHER_TRAINING


def test_each_version_that_gates_name_is_measured_once():
    gates = [{"metric": "accuracy", "against": name, "max_drop": 0.01} for name in ("previous", 7)]
    other = judged(7, PASS, digest=OTHER_TRAINING, evaluated=False)
    observed = Observed(
        wanted=judged(8), compared={"previous": other, 7: other}, data_is_prepared=True
    )

    assert kinds(desired(gates=gates), observed) == [Evaluate, Judge, Promote]


def test_a_first_version_has_nothing_to_compare_with():
    gates = [{"metric": "accuracy", "against": "previous", "max_drop": 0.01}]

    assert kinds(desired(gates=gates), Observed(wanted=judged(1))) == [Judge, Promote]


def test_a_gate_on_a_version_that_does_not_exist_stalls_before_anything_is_trained():
    gates = [{"metric": "accuracy", "against": 9, "max_drop": 0.01}]

    (stall,) = plan(desired(gates=gates), NOTHING)

    assert stall.failure.reason == "NoSuchVersion"


HELD = {"hold": hold(1, written_back="main@sha1:b")}
ROLLBACK = {"promotion": {"on_failed_reverification": "rollback"}}
THIRD = Digest("sha256:third-training")


def test_a_held_live_version_is_measured_again_on_new_test_rows_before_anything_is_trained():
    live = judged(1, digest=OTHER_TRAINING, evaluated=False)
    observed = Observed(live=live, pinned=live, **HELD)

    actions = plan(desired(), observed)

    assert [type(action) for action in actions] == [
        PrepareData, Evaluate, Judge, EstimateCost, Train, Evaluate, Judge,
    ]  # fmt: skip
    assert actions[1].training_digest == actions[2].training_digest == OTHER_TRAINING


def test_new_training_rows_alone_do_not_measure_live_again():
    live = only_measured(judged(1, PASS, digest=OTHER_TRAINING))

    assert kinds(desired(), Observed(wanted=judged(2, FAIL), live=live)) == []


def test_a_training_that_runs_is_carried_on_before_live_is_measured():
    live = judged(1, digest=OTHER_TRAINING, evaluated=False)
    observed = Observed(live=live, running=running(DIGESTS.training))

    assert kinds(desired(), observed)[:3] == [Train, PrepareData, Evaluate]


def test_a_live_version_that_cannot_be_measured_keeps_no_new_version_waiting():
    live = judged(1, digest=OTHER_TRAINING, evaluated=False)
    failure = Failure("LabelsDiffer", "it knows other labels")
    observed = Observed(wanted=judged(2), live=live, failures={live.evaluation_digest: failure})

    actions = plan(desired(promotion={"mode": "manual"}), observed)

    assert [type(action) for action in actions] == [Judge, Stall]


def test_a_live_version_that_fails_stays_when_the_spec_says_report():
    earlier = judged(1, PASS, digest=OTHER_TRAINING)
    live = judged(2, FAIL)

    assert kinds(desired(), Observed(wanted=live, live=live, earlier=(earlier,))) == []


def test_a_live_version_that_fails_is_left_for_the_newest_earlier_one_that_passes():
    live = judged(3, FAIL)
    earlier = (judged(2, FAIL, digest=THIRD), judged(1, PASS, digest=OTHER_TRAINING))

    (action,) = plan(desired(**ROLLBACK), Observed(wanted=live, live=live, earlier=earlier))

    assert (type(action), action.leaves, action.to) == (RollBack, 3, 1)


def test_an_earlier_version_is_measured_before_it_takes_the_place_of_one_that_fails():
    live = judged(3, FAIL)
    earlier = judged(1, digest=OTHER_TRAINING, evaluated=False)

    actions = plan(
        desired(**ROLLBACK),
        Observed(wanted=live, live=live, earlier=(earlier,), data_is_prepared=True),
    )

    assert [type(action) for action in actions] == [Evaluate, Judge]
    assert actions[0].training_digest == OTHER_TRAINING


@pytest.mark.parametrize("verdict", [FAIL, INCONCLUSIVE])
def test_when_no_earlier_version_passes_live_goes_on_answering(verdict):
    live, earlier = judged(2, FAIL), judged(1, verdict, digest=OTHER_TRAINING)

    assert kinds(desired(**ROLLBACK), Observed(wanted=live, live=live, earlier=(earlier,))) == []


def test_what_is_only_not_shown_moves_no_traffic():
    live, earlier = judged(2, INCONCLUSIVE), judged(1, PASS, digest=OTHER_TRAINING)

    assert kinds(desired(**ROLLBACK), Observed(wanted=live, live=live, earlier=(earlier,))) == []


def test_nothing_is_rolled_back_while_a_version_that_may_take_its_place_is_on_its_way():
    live, earlier = judged(2, FAIL, digest=OTHER_TRAINING), judged(1, PASS, digest=THIRD)

    actions = kinds(desired(**ROLLBACK), Observed(live=live, earlier=(earlier,)))

    assert RollBack not in actions
    assert actions[-1] is Promote


def test_a_version_that_would_wait_for_a_person_does_not_delay_a_rollback():
    live, earlier = judged(2, FAIL, digest=OTHER_TRAINING), judged(1, PASS, digest=THIRD)
    manual = {"promotion": ROLLBACK["promotion"] | {"mode": "manual"}}

    actions = kinds(desired(**manual), Observed(live=live, earlier=(earlier,)))

    assert actions[0] is RollBack


def test_a_failure_stalls_the_stage_and_all_that_follow_it():
    failure = Failure("OutOfMemory", "no memory", "use less")
    observed = Observed(
        data_is_prepared=True, is_estimated=True, failures={DIGESTS.training: failure}
    )

    (stall,) = plan(desired(), observed)

    assert stall == Stall(failure, Train, why=stall.why)


def test_a_failure_of_one_digest_does_not_stop_another():
    failure = Failure("OutOfMemory", "no memory", "use less")

    actions = kinds(desired(), Observed(failures={OTHER_TRAINING: failure}))

    assert Stall not in actions


def test_a_hold_is_written_back_and_nothing_is_promoted_over_it():
    live = judged(1, PASS, digest=OTHER_TRAINING)
    observed = Observed(wanted=judged(2, PASS), live=live, pinned=live, hold=hold(1))

    assert kinds(desired(), observed) == [WritePin]


def test_a_hold_whose_commit_was_not_fetched_yet_is_left_alone():
    live = judged(1, PASS, digest=OTHER_TRAINING)
    held = hold(1, written_back="main@sha1:b")
    observed = Observed(
        wanted=judged(2, PASS), live=live, pinned=live, hold=held, hold_is_in_git=False
    )

    assert kinds(desired(), observed) == []


def test_a_hold_ends_when_its_pin_is_taken_out_of_git():
    live = judged(1, PASS, digest=OTHER_TRAINING)
    held = hold(1, written_back="main@sha1:b")
    observed = Observed(
        wanted=judged(2, PASS), live=live, pinned=live, hold=held, hold_is_in_git=True
    )

    assert kinds(desired(), observed) == [ReleaseHold]


def test_a_release_takes_its_pin_out_of_git():
    live = judged(1, PASS, digest=OTHER_TRAINING)
    observed = Observed(
        wanted=judged(2, PASS), live=live, pinned=live, release=hold(1), release_is_fetched=True
    )

    (action,) = plan(desired(promotion={"pin": 1}), observed)

    assert action == RemovePin(1, why="its hold was released")


def test_a_quarantined_digest_is_not_even_promised():
    observed = Observed(quarantined=frozenset({DIGESTS.training}))

    assert Promote not in kinds(desired(), observed)


def test_a_pin_in_git_moves_live_to_it():
    wanted = desired(promotion={"pin": 1})
    observed = Observed(
        wanted=judged(2, PASS),
        live=judged(2, PASS),
        pinned=judged(1, PASS, digest=OTHER_TRAINING),
    )

    (action,) = plan(wanted, observed)

    assert action == Promote(OTHER_TRAINING, why="version 1 is pinned")


def test_a_pin_to_a_version_that_never_passed_is_refused():
    wanted = desired(promotion={"pin": 1})
    observed = Observed(wanted=judged(2, PASS), pinned=judged(1, FAIL, digest=OTHER_TRAINING))

    (action, *_) = plan(wanted, observed)

    assert action.failure.reason == "PinRefused"


def test_a_pin_to_a_version_that_does_not_exist_is_refused():
    (action, *_) = plan(desired(promotion={"pin": 9}), Observed(wanted=judged(2, PASS)))

    assert "does not exist" in action.failure.message


SEARCH = {"search": {"trials": 3, "parameters": {"learning_rate": {"low": 0.001, "high": 0.01}}}}
PLANNED, RUNNING, FAILED = TrialState.PLANNED, TrialState.RUNNING, TrialState.FAILED


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


def test_every_kind_of_action_has_a_step():
    assert set(STEPS) == set(get_args(Action))


verdicts = st.sampled_from([(), (PASS,), (FAIL,), (INCONCLUSIVE,), (PASS, FAIL)])
versions = st.one_of(
    st.none(),
    st.builds(lambda found, evaluated: judged(4, *found, evaluated=evaluated or bool(found)),
              verdicts, st.booleans()),
)  # fmt: skip
lives = st.one_of(
    st.none(),
    st.builds(lambda found, measured: judged(3, *found, digest=OTHER_TRAINING, evaluated=measured),
              verdicts, st.booleans()),
    st.just(only_measured(judged(3, PASS, digest=OTHER_TRAINING))),
)  # fmt: skip
EARLIER = (
    judged(2, FAIL, digest=Digest("sha256:second")),
    judged(1, PASS, digest=Digest("sha256:first"), evaluated=False),
)
states = st.sampled_from([PLANNED, TrialState.SUCCEEDED, TrialState.PRUNED, FAILED])
tried = st.lists(st.tuples(states, st.sampled_from([0.1, 0.5, 0.9])), max_size=3).map(
    # Only the newest trial can be one that has not ended: they are tried one after the other.
    lambda found: tuple(
        trial(number, FAILED if state is PLANNED and number < len(found) else state, value=value)
        for number, (state, value) in enumerate(found, start=1)
    )
)
observations = st.builds(
    Observed,
    trials=tried,
    kept_trials=st.frozensets(st.integers(1, 3)),
    wanted=versions,
    live=lives,
    earlier=st.sampled_from([(), EARLIER]),
    running=st.sampled_from(
        [
            None,
            running(DIGESTS.training),
            running(DIGESTS.estimate, RunKind.ESTIMATE),
            running(OTHER_TRAINING),
        ]
    ),
    is_estimated=st.booleans(),
    data_is_prepared=st.booleans(),
    quarantined=st.sampled_from([frozenset(), frozenset({DIGESTS.training})]),
    hold=st.sampled_from([None, hold(1), hold(1, written_back="main@sha1:b")]),
    hold_is_in_git=st.booleans(),
    release=st.sampled_from([None, hold(1)]),
    release_is_fetched=st.booleans(),
)
wishes = st.sampled_from(
    [
        desired(),
        desired(promotion={"mode": "manual"}),
        desired(**ROLLBACK),
        desired(promotion=ROLLBACK["promotion"] | {"mode": "manual"}),
        desired(gates=[{"metric": "accuracy", "against": "live", "max_drop": 0.01}]),
        desired(training=SEARCH),
    ]
)


@given(wishes, observations)
def test_planning_twice_gives_the_same(wanted, observed):
    assert plan(wanted, observed) == plan(wanted, observed)


@given(wishes, observations)
def test_the_wanted_version_is_promoted_only_with_a_passed_report(wanted, observed):
    actions = plan(wanted, observed)

    if actions and actions[0] == Promote(DIGESTS.training, why="its gates passed"):
        assert observed.wanted is not None
        assert observed.wanted.report is not None
        assert observed.wanted.report.passed
        assert DIGESTS.training not in observed.quarantined


@given(wishes, observations)
def test_nothing_is_trained_while_a_version_of_the_digest_exists(wanted, observed):
    actions = plan(wanted, observed)

    if observed.wanted is not None:
        assert not any(isinstance(action, Train | Trial | Choose) for action in actions)


@given(wishes, observations)
def test_no_version_is_made_while_a_trial_is_missing_or_its_files_are(wanted, observed):
    actions = plan(wanted, observed)

    if actions and isinstance(actions[0], Choose):
        assert len([one for one in observed.trials if one.has_ended]) == 3
        assert actions[0].number in observed.kept_trials


@given(wishes, observations)
def test_nothing_is_spent_on_a_training_before_its_cost_was_said(wanted, observed):
    kinds = [type(action) for action in plan(wanted, observed)]
    goes_on = observed.running is not None and observed.running.digest == DIGESTS.training

    if Train in kinds and not observed.is_estimated and not goes_on:
        assert EstimateCost in kinds[: kinds.index(Train)]


@given(wishes, observations)
def test_live_is_left_only_for_an_earlier_version_that_passes(wanted, observed):
    for action in plan(wanted, observed):
        if isinstance(action, RollBack):
            target = next(one for one in EARLIER if one.version.number == action.to)
            assert target.verification is not None
            assert target.verification.passed


@given(wishes, observations)
def test_what_runs_is_carried_on_before_anything_else_is_started(wanted, observed):
    runs = [found for action in plan(wanted, observed) if (found := run_of(action))]
    run = observed.running

    if run is not None and (run.kind, run.digest) in runs:
        assert runs[0] == (run.kind, run.digest)


@given(wishes, observations)
def test_carrying_out_every_action_leaves_nothing_to_plan(wanted, observed):
    for _ in range(30):
        observed = replace(observed, compared={"live": observed.live} if observed.live else {})
        for action in plan(wanted, observed)[:1]:
            observed = carried_out(action, observed)

    # A search may find that none of its trials gave a model: only a person can change that.
    left = plan(wanted, observed)
    assert left == () or isinstance(left[-1], Stall)
    if any(one.state is TrialState.SUCCEEDED for one in observed.trials):
        assert left == ()


def carried_out(action: Action, observed: Observed) -> Observed:  # noqa: PLR0912  (a closed set)
    """What is observed after an action went well; gates always pass here."""
    match action:
        case CancelRun():
            return replace(observed, running=None)
        case PrepareData():
            return replace(observed, data_is_prepared=True, running=None)
        case EstimateCost():
            return replace(observed, is_estimated=True, running=None)
        case Train() | Choose():
            return replace(observed, wanted=judged(4, evaluated=False), running=None)
        case Trial(number=number):
            others = tuple(one for one in observed.trials if one.number != number)
            ended = (*others, trial(number, value=0.6))
            kept = observed.kept_trials | {number}
            return replace(observed, trials=ended, kept_trials=kept, running=None)
        case Stall():
            return observed
        case Evaluate(training_digest=digest):
            return replace(with_evidence(observed, digest), running=None)
        case Judge(training_digest=digest):
            return with_evidence(observed, digest, PASS)
        case Promote(training_digest=digest):
            return replace(observed, live=observed.judged(digest), earlier=())
        case RollBack(to=number):
            target = next(one for one in observed.earlier if one.version.number == number)
            left = observed.live.version.training_digest
            return replace(
                observed, live=target, pinned=target, earlier=(), hold=hold(number),
                quarantined=observed.quarantined | {left},
            )  # fmt: skip
        case WritePin():
            return replace(observed, hold=hold(1, written_back="main@sha1:b"))
        case ReleaseHold():
            return replace(observed, hold=None, pinned=None)
        case RemovePin():
            return replace(observed, release=None)
    raise AssertionError(action)


def with_evidence(observed: Observed, digest: Digest, *verdicts: Verdict) -> Observed:
    """The version with this training digest has been measured or judged, wherever it is seen."""

    def seen(one):
        if one is None or one.version.training_digest != digest:
            return one
        again = judged(one.version.number, *verdicts, digest=digest)
        return replace(again, has_ever_passed=one.has_ever_passed or again.has_ever_passed)

    return replace(
        observed,
        wanted=seen(observed.wanted),
        live=seen(observed.live),
        earlier=tuple(map(seen, observed.earlier)),
    )
