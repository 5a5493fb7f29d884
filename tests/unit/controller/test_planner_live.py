"""What is live is held against what is declared now, and left when it fails."""

import pytest

from controller.actions import (
    EstimateCost,
    Evaluate,
    Judge,
    PrepareData,
    Promote,
    RollBack,
    Stall,
    Train,
)
from controller.planner import plan
from controller.state import Observed
from registry.records import Failure
from specs.names import Digest
from tests.unit.controller.builders import (
    DIGESTS,
    FAIL,
    INCONCLUSIVE,
    OTHER_TRAINING,
    PASS,
    ROLLBACK,
    desired,
    hold,
    judged,
    kinds,
    only_measured,
    running,
)

HELD = {"hold": hold(1, written_back="main@sha1:b")}


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
