"""What to do next for one model. Pure: two values in, a list of actions with reasons out.

The order is the product's story: undo what nobody wants any more, honour what a person pinned,
then data → train → evaluate → judge → promote, each only when its digest has not been done yet.

Laws that the tests hold: planning twice gives the same; a plan carried out in full leaves nothing
to plan; a version that did not pass its gates is never promoted.
"""

from collections.abc import Mapping

from controller.actions import (
    Action,
    CancelRun,
    Choose,
    EstimateCost,
    Evaluate,
    Judge,
    Plan,
    PrepareData,
    Promote,
    ReleaseHold,
    RemovePin,
    Stall,
    Train,
    Trial,
    WritePin,
)
from controller.search.choice import best, why_none
from controller.state import Desired, Observed
from registry.records import Failure, RunKind
from specs.names import Digest

KINDS: Mapping[type, RunKind] = {
    PrepareData: RunKind.DATA,
    EstimateCost: RunKind.ESTIMATE,
    Train: RunKind.TRAIN,
    Trial: RunKind.TRIAL,
    Evaluate: RunKind.EVALUATE,
}
"""Expensive action → the kind of its run."""


def plan(desired: Desired, observed: Observed) -> Plan:
    """List what brings the observed state to the desired one, in order."""
    making = _make_version(desired, observed)
    return (
        *_cancel_superseded(desired, observed, making),
        *_honour_pin(desired, observed),
        *making,
        *_promote(desired, observed, making),
    )


def _cancel_superseded(desired: Desired, observed: Observed, making: Plan) -> Plan:
    run = observed.running
    asked_for = {
        (KINDS[type(action)], action.digest)
        for action in making
        if isinstance(action, PrepareData | EstimateCost | Train | Trial | Evaluate)
    }
    if run is None or (run.kind, run.digest) in asked_for:
        return ()
    return (CancelRun(run.id, why=f"{desired.revision} no longer asks for it"),)


def _honour_pin(desired: Desired, observed: Observed) -> Plan:
    pin = desired.model.spec.promotion.pin
    hold = observed.hold
    if hold is not None and hold.written_back is None:
        return (*_move_to_pin(observed), WritePin(hold.version, hold.id, why=hold.reason))
    if hold is not None and hold.version != pin and observed.hold_is_in_git:
        return (ReleaseHold(hold.id, why="promotion.pin was changed in git"),)
    if observed.release is not None and observed.release_is_fetched:
        return (RemovePin(observed.release.id, why="its hold was released"),)
    if pin is not None and observed.pinned is None:
        return (_cannot_pin(f"promotion.pin names version {pin}, which does not exist"),)
    return _move_to_pin(observed)


def _move_to_pin(observed: Observed) -> Plan:
    pinned = observed.pinned
    if pinned is None or observed.is_live(pinned):
        return ()
    number = pinned.version.number
    if not pinned.has_ever_passed:
        return (_cannot_pin(f"version {number} is pinned and has never passed its gates"),)
    return (Promote(pinned.version.training_digest, why=f"version {number} is pinned"),)


def _cannot_pin(problem: str) -> Stall:
    fix = "set promotion.pin to a version that passed its gates, or take it out"
    return Stall(Failure("PinRefused", problem, fix), Promote, why=problem)


def _make_version(desired: Desired, observed: Observed) -> Plan:
    actions: list[Action] = []
    digests = desired.digests
    wanted = observed.wanted
    if wanted is None and desired.unfit is not None and observed.running is None:
        return (_cannot_train(desired.unfit),)
    if wanted is None:
        actions.extend(_make_weights(desired, observed))
    if wanted is None or wanted.evaluation is None:
        why = "not measured on these held-out rows yet"
        evaluate = Evaluate(digests.evaluation, digests.training, why=why)
        actions.append(_or_stall(evaluate, digests.evaluation, observed))
    if wanted is None or wanted.report is None:
        actions.extend(_evaluate_live_for_comparison(desired, observed))
        actions.append(Judge(digests.training, why="these gates have not judged it yet"))
    if _rows_are_missing(desired, observed) and any(
        isinstance(action, Train | Trial | Evaluate) for action in actions
    ):
        prepare = PrepareData(digests.data, why="rows of this data digest are not prepared")
        actions.insert(0, _or_stall(prepare, digests.data, observed))
    return _up_to_a_stall(actions)


def _cannot_train(failure: Failure) -> Stall:
    told = f"{failure.message} ({failure.fix})" if failure.fix else failure.message
    return Stall(failure, Train, why=told)


def _make_weights(desired: Desired, observed: Observed) -> Plan:
    digest, of = desired.digests.training, desired.trial_count
    why = "no version has this training digest"
    costs = _say_costs(desired, observed)
    if not of:
        return (*costs, _or_stall(Train(digest, why=why), digest, observed))
    trials = observed.trials
    next_one = next((trial for trial in trials if not trial.has_ended), None)
    chosen: int | None = None
    reason = f"the best of {of} trials on the validation rows becomes the version"
    if next_one is None and len(trials) >= of:
        found = best(trials)
        if found is None:
            return (Stall(why_none(trials), Train, why="no trial gave a model"),)
        chosen = found.number
        reason = f"{found.metric} {found.value:.4f} on the validation rows is the best of {of}"
        if chosen in observed.kept_trials:
            return (Choose(digest, chosen, why=reason),)
        next_one, why = found, "it is the best, and its files were removed"
    number = next_one.number if next_one is not None else len(trials) + 1
    own = next_one.digest if next_one is not None else None
    return (
        *costs,
        Trial(digest, number, of, own, why=f"trial {number} of {of}; {why}"),
        Choose(digest, chosen, why=reason),
    )


def _rows_are_missing(desired: Desired, observed: Observed) -> bool:
    # The rows stand there a moment before their run has ended; the run is to be ended first.
    is_running = observed.running is not None and observed.running.digest == desired.digests.data
    return is_running or not observed.data_is_prepared


def _say_costs(desired: Desired, observed: Observed) -> Plan:
    run, digest = observed.running, desired.digests.estimate
    # A training that goes on has been paid for: nothing is asked about it any more.
    begun = {desired.digests.training, *(trial.digest for trial in observed.trials)}
    if observed.is_estimated or (run is not None and run.digest in begun):
        return ()
    costs = EstimateCost(digest, why="what this training costs has not been said")
    return (_or_stall(costs, digest, observed),)


def _evaluate_live_for_comparison(desired: Desired, observed: Observed) -> Plan:
    live = observed.live
    if not desired.compares_with_live or live is None or live.evaluation is not None:
        return ()
    if observed.wanted is not None and observed.is_live(observed.wanted):
        return ()
    why = "a gate compares with live, which was not measured on these rows"
    evaluate = Evaluate(live.evaluation_digest, live.version.training_digest, why=why)
    return (_or_stall(evaluate, live.evaluation_digest, observed),)


def _or_stall(
    action: PrepareData | EstimateCost | Train | Evaluate, digest: Digest, observed: Observed
) -> Action:
    failure = observed.failures.get(digest)
    if failure is None:
        return action
    return Stall(failure, type(action), why="this failed, and nothing it depends on has changed")


def _up_to_a_stall(actions: list[Action]) -> Plan:
    for index, action in enumerate(actions):
        if isinstance(action, Stall):
            return tuple(actions[: index + 1])
    return tuple(actions)


def _promote(desired: Desired, observed: Observed, making: Plan) -> Plan:
    promotion = desired.model.spec.promotion
    wanted = observed.wanted
    if promotion.pin is not None or observed.hold is not None or promotion.mode == "manual":
        return ()
    if desired.digests.training in observed.quarantined:
        return ()
    if making:
        # Not judged yet: promised only if the gates pass, and the next look decides again.
        stalled = isinstance(making[-1], Stall)
        return () if stalled else (Promote(desired.digests.training, why="if its gates pass"),)
    if wanted is None or wanted.report is None or not wanted.report.passed:
        return ()
    if observed.is_live(wanted):
        return ()
    return (Promote(desired.digests.training, why="its gates passed"),)
