"""What to do next for one model. Pure: two values in, a list of actions with reasons out.

The order is the product's story: undo what nobody wants any more, honour what a person pinned,
then data → train → evaluate → judge → promote, each only when its digest has not been done yet.

Laws that the tests hold: planning twice gives the same; a plan carried out in full leaves nothing
to plan; a version that did not pass its gates is never promoted.
"""

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
from controller.measuring import (
    measure_compared,
    or_stall,
    refuse_unknown_versions,
    run_of,
    up_to_a_stall,
)
from controller.search.choice import best, why_none
from controller.state import Desired, Observed
from controller.verification import leave_live, verify_live
from registry.records import Failure


def plan(desired: Desired, observed: Observed) -> Plan:
    """List what brings the observed state to the desired one, in order."""
    pinning = _honour_pin(desired, observed)
    making = _make_version(desired, observed)
    promoting = _promote(desired, observed, making)
    # Measuring what answers now takes minutes, and training what may answer later takes hours.
    verifying = verify_live(desired, observed)
    # What is on its way to take live's place by itself makes going back needless.
    leaving = () if promoting else leave_live(desired, observed)
    actions = _stalls_last((pinning, verifying, leaving, making + promoting))
    actions = _with_rows(desired, observed, actions)
    return (*_cancel_superseded(desired, observed, actions), *_running_first(observed, actions))


def _stalls_last(parts: tuple[Plan, ...]) -> Plan:
    """Put the parts in one line; what is live is not kept waiting for a person.

    No version is made while a pin is refused: nobody could say what is wanted.
    """
    pinning, verifying, leaving, making = parts
    if _stalls(pinning):
        return (*verifying, *leaving, *pinning, *making)
    if _stalls(verifying):
        return (*pinning, *leaving, *making, *verifying)
    return (*pinning, *verifying, *leaving, *making)


def _stalls(part: Plan) -> bool:
    return bool(part) and isinstance(part[-1], Stall)


def _with_rows(desired: Desired, observed: Observed, actions: Plan) -> Plan:
    """Put the rows before whatever reads them."""
    readers = [isinstance(one, EstimateCost | Train | Trial | Evaluate) for one in actions]
    if not any(readers) or not _rows_are_missing(desired, observed):
        return actions
    digest = desired.digests.data
    prepare = PrepareData(digest, why="rows of this data digest are not prepared")
    first = readers.index(True)
    before, after = actions[:first], actions[first:]
    preparing = or_stall(prepare, digest, observed)
    return (*before, preparing, *(() if isinstance(preparing, Stall) else after))


def _running_first(observed: Observed, actions: Plan) -> Plan:
    """Carry on what runs before anything is started: one model has one run at a time."""
    run = observed.running
    runs = [run_of(action) for action in actions]
    if run is None or (run.kind, run.digest) not in runs:
        return actions
    own = runs.index((run.kind, run.digest))
    first = next(index for index, one in enumerate(runs) if one is not None)
    return (*actions[:first], actions[own], *actions[first:own], *actions[own + 1 :])


def _cancel_superseded(desired: Desired, observed: Observed, actions: Plan) -> Plan:
    run = observed.running
    if run is None or (run.kind, run.digest) in map(run_of, actions):
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
    if wanted is None or wanted.report is None:
        actions.extend(refuse_unknown_versions(desired, observed))
    refused = desired.unfit or observed.unshowable
    if wanted is None and refused is not None and observed.running is None:
        return (_cannot_train(refused),)
    if wanted is None:
        actions.extend(_make_weights(desired, observed))
    if wanted is None or wanted.evaluation is None:
        why = "not measured on these held-out rows yet"
        evaluate = Evaluate(digests.evaluation, digests.training, why=why)
        actions.append(or_stall(evaluate, digests.evaluation, observed))
    if wanted is None or wanted.report is None:
        actions.extend(measure_compared(observed, wanted))
        actions.append(Judge(digests.training, why="these gates have not judged it yet"))
    return up_to_a_stall(actions)


def _cannot_train(failure: Failure) -> Stall:
    told = f"{failure.message} ({failure.fix})" if failure.fix else failure.message
    return Stall(failure, Train, why=told)


def _make_weights(desired: Desired, observed: Observed) -> Plan:
    costs = _say_costs(desired, observed)
    if desired.trial_count:
        return _search_weights(desired, observed, costs)
    digest = desired.digests.training
    train = Train(digest, why="no version has this training digest")
    return (*costs, or_stall(train, digest, observed))


def _search_weights(desired: Desired, observed: Observed, costs: Plan) -> Plan:
    digest, of, trials = desired.digests.training, desired.trial_count, observed.trials
    next_one = next((trial for trial in trials if not trial.has_ended), None)
    if next_one is not None or len(trials) < of:
        number, own = (next_one.number, next_one.digest) if next_one else (len(trials) + 1, None)
        why = f"trial {number} of {of}; no version has this training digest"
        reason = f"the best of {of} trials on the validation rows becomes the version"
        return (*costs, Trial(digest, number, of, own, why=why), Choose(digest, None, why=reason))
    found = best(trials)
    if found is None:
        return (Stall(why_none(trials), Train, why="no trial gave a model"),)
    reason = f"{found.metric} {found.value:.4f} on the validation rows is the best of {of}"
    choose = Choose(digest, found.number, why=reason)
    if found.number in observed.kept_trials:
        return (choose,)
    why = f"trial {found.number} of {of}; it is the best, and its files were removed"
    return (*costs, Trial(digest, found.number, of, found.digest, why=why), choose)


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
    return (or_stall(costs, digest, observed),)


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
