"""Conditions: what is said of a model, and when Ready may be said."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.actions import Train
from controller.outcomes import Deferred, Settled, Stalled, Waiting
from controller.state import Observed
from controller.summarize import Pass, summarize, waiting_for
from registry.records import Failure, Verdict
from specs.conditions import ConditionStatus, ConditionType
from tests.unit.controller.builders import (
    DIGESTS,
    NOTHING,
    NOW,
    OTHER_TRAINING,
    REVISION,
    alarm,
    desired,
    hold,
    judged,
)

PASS, FAIL = Verdict.PASS, Verdict.FAIL
TRUE, FALSE, UNKNOWN = ConditionStatus.TRUE, ConditionStatus.FALSE, ConditionStatus.UNKNOWN
LIVE = Observed(wanted=judged(1, PASS), live=judged(1, PASS))
WAITING = Waiting("train run r-1: training 40%", timedelta(seconds=1))
STALLED = Stalled(Failure("OutOfMemory", "no memory left", "use a smaller batch"))


def conditions(observed, outcome=Settled(), wanted=None, **more):
    look = Pass(wanted or desired(), observed, outcome, **more)
    return {condition.type: condition for condition in summarize(look, now=NOW)}


def test_a_settled_live_version_is_ready():
    found = conditions(LIVE)

    assert found[ConditionType.READY].status is TRUE
    assert found[ConditionType.READY].observed_revision == REVISION


def test_work_that_goes_on_makes_ready_unknown():
    found = conditions(NOTHING, WAITING)

    assert found[ConditionType.READY].status is UNKNOWN
    assert found[ConditionType.RECONCILING].status is TRUE


def test_a_stall_makes_ready_false_and_says_what_to_do():
    found = conditions(NOTHING, STALLED, stalled_stage=Train)

    assert found[ConditionType.READY].status is FALSE
    assert "use a smaller batch" in found[ConditionType.STALLED].message
    assert found[ConditionType.TRAINED].reason == "OutOfMemory"


def test_failed_gates_are_named_with_their_evidence():
    found = conditions(Observed(wanted=judged(2, FAIL)))

    assert found[ConditionType.GATES_PASSED].status is FALSE
    assert "accuracy fail" in found[ConditionType.GATES_PASSED].message
    assert found[ConditionType.READY].reason == "GatesNotPassed"


def test_a_held_model_is_ready_and_says_that_it_is_held():
    live = judged(1, PASS, digest=OTHER_TRAINING)
    found = conditions(Observed(wanted=judged(2, PASS), live=live, pinned=live, hold=hold(1)))

    assert found[ConditionType.READY].reason == "Held"
    assert found[ConditionType.PROMOTED].status is FALSE
    assert found[ConditionType.DIVERGED].status is TRUE


LIVE_FAILS = judged(1, FAIL, digest=OTHER_TRAINING)


@pytest.mark.parametrize("wanted", [None, judged(2), judged(2, PASS)], ids=["none", "new", "good"])
def test_a_live_version_that_fails_is_told_whatever_is_wanted(wanted):
    found = conditions(Observed(wanted=wanted, live=LIVE_FAILS, pinned=LIVE_FAILS, hold=hold(1)))

    assert found[ConditionType.GATES_PASSED].reason == "LiveFailsGates"
    assert found[ConditionType.READY].reason == "LiveFailsGates"
    assert "version 1 is live and fails: accuracy fail" in found[ConditionType.READY].message


def test_a_live_version_whose_gates_are_not_shown_to_hold_is_not_said_to_fail():
    live = judged(1, Verdict.INCONCLUSIVE)

    found = conditions(Observed(wanted=live, live=live))

    assert found[ConditionType.READY].reason == "LiveInconclusive"
    assert found[ConditionType.GATES_PASSED].reason == "Inconclusive"


def test_a_test_file_that_judged_too_many_candidates_is_told():
    worn, fresh = (conditions(replace(LIVE, candidates=n)) for n in (10, 9))

    assert "judged 10 candidates" in worn[ConditionType.EVALUATED].message
    assert "candidates" not in fresh[ConditionType.EVALUATED].message


def test_a_quarantined_digest_is_named_as_the_reason():
    observed = Observed(wanted=judged(2, PASS), quarantined=frozenset({DIGESTS.training}))

    assert conditions(observed)[ConditionType.PROMOTED].reason == "Quarantined"


@pytest.mark.parametrize(
    ("action", "reason"),
    [("report", "DataDrift"), ("plan", "RetrainPlanned"), ("retrain", "AwaitingLabels")],
)
def test_an_alarm_says_what_the_spec_asks_for(action, reason):
    wanted = desired(monitoring={"on_data_drift": {"action": action}})
    observed = Observed(
        wanted=judged(1, PASS), live=judged(1, PASS), signals=(alarm(),), requests=1000
    )

    found = conditions(observed, wanted=wanted)

    assert found[ConditionType.DATA_DRIFT_DETECTED].status is TRUE
    assert found[ConditionType.DATA_DRIFT_DETECTED].reason == reason


def test_a_retraining_waits_for_enough_requests_first():
    wanted = desired(monitoring={"on_data_drift": {"action": "retrain"}})
    observed = Observed(
        wanted=judged(1, PASS), live=judged(1, PASS), signals=(alarm(),), requests=999
    )

    found = conditions(observed, wanted=wanted)

    assert found[ConditionType.DATA_DRIFT_DETECTED].reason == "AwaitingRequests"


def test_a_signal_below_its_threshold_is_no_alarm():
    observed = Observed(wanted=judged(1, PASS), live=judged(1, PASS), signals=(alarm(0.8),))

    assert conditions(observed)[ConditionType.DATA_DRIFT_DETECTED].status is FALSE


def test_an_alarm_does_not_take_ready_back():
    observed = Observed(wanted=judged(1, PASS), live=judged(1, PASS), signals=(alarm(),))

    assert conditions(observed)[ConditionType.READY].status is TRUE


def test_an_unreachable_source_is_said_and_leaves_ready_alone():
    found = conditions(LIVE, source_failure="no route to host")

    assert found[ConditionType.SOURCE_VERIFIED].status is FALSE
    assert found[ConditionType.READY].status is TRUE


@pytest.mark.parametrize(
    ("observed", "outcome", "expected"),
    [
        (LIVE, Settled(), ""),
        (NOTHING, WAITING, "train run r-1: training 40%"),
        (NOTHING, STALLED, "no memory left — use a smaller batch"),
        (
            Observed(wanted=judged(2, FAIL)),
            Settled(),
            "a commit: version 2 did not pass its gates",
        ),
    ],
    ids=["nothing", "a run", "a person", "a better version"],
)
def test_a_model_waits_for_one_thing(observed, outcome, expected):
    assert waiting_for(Pass(desired(), observed, outcome)) == expected


def test_a_write_back_that_is_put_off_is_what_is_waited_for():
    put_off = Deferred("git, to write the pin back", timedelta(seconds=5))

    look = Pass(desired(), LIVE, Settled(), deferred=(put_off,))

    assert waiting_for(look) == "git, to write the pin back"


outcomes = st.sampled_from([Settled(), WAITING, STALLED])
observations = st.sampled_from(
    [
        NOTHING,
        LIVE,
        Observed(wanted=judged(2, FAIL), live=judged(1, PASS, digest=OTHER_TRAINING)),
        Observed(wanted=judged(2), live=judged(1, PASS, digest=OTHER_TRAINING)),
    ]
)


@given(observations, outcomes)
def test_invariants_of_the_status(observed, outcome):
    found = conditions(observed, outcome)

    assert set(found) == set(ConditionType)
    if found[ConditionType.READY].status is TRUE:
        assert found[ConditionType.RECONCILING].status is FALSE
        assert found[ConditionType.STALLED].status is FALSE
        assert observed.live is not None
    if found[ConditionType.STALLED].status is TRUE:
        assert found[ConditionType.READY].status is FALSE


@pytest.mark.parametrize(
    ("changes", "reason"), [({"is_ungated": True}, "Ungated"), ({}, "Overridden")]
)
def test_what_passed_without_a_gates_yes_says_so(changes, reason):
    judged_once = judged(1, FAIL)
    lifted = replace(judged_once.report.verdicts[0], blocks=False, override={"approver": "ann"})
    report = replace(judged_once.report, passed=True, verdicts=(lifted,), **changes)
    version = replace(judged_once, report=report, verification=report)

    found = conditions(Observed(wanted=version, live=version))

    assert found[ConditionType.GATES_PASSED].reason == reason
    assert found[ConditionType.GATES_PASSED].status is TRUE
