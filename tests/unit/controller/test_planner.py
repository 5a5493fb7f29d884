"""The planner: what is done next, and what is never done."""

import pytest

from controller.actions import (
    CancelRun,
    EstimateCost,
    Evaluate,
    Judge,
    PrepareData,
    Promote,
    ReleaseHold,
    RemovePin,
    Stall,
    Train,
    WritePin,
)
from controller.planner import plan
from controller.state import Observed
from registry.records import Failure, RunKind
from tests.unit.controller.builders import (
    DIGESTS,
    FAIL,
    INCONCLUSIVE,
    NOTHING,
    OTHER_TRAINING,
    PASS,
    desired,
    hold,
    judged,
    kinds,
    only_measured,
    running,
)


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
