"""What holds of every plan, whatever is wanted and observed."""

from dataclasses import replace
from typing import get_args

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
from controller.state import Observed
from registry.records import RunKind, Verdict
from registry.trial_records import TrialState
from specs.names import Digest
from tests.unit.controller.builders import (
    DIGESTS,
    FAIL,
    FAILED,
    INCONCLUSIVE,
    OTHER_TRAINING,
    PASS,
    PLANNED,
    ROLLBACK,
    SEARCH,
    desired,
    hold,
    judged,
    only_measured,
    running,
    trial,
)


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
