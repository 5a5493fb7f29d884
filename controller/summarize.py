"""What is said of a model after a look at it: its conditions, and the one thing it waits for.

Pure. Steps and planner set facts; only here are they put in words, and only here is ``Ready`` made,
from the others: a stall makes it False, work that is going on makes it Unknown, and it is True only
when nothing is left to do at this revision. So a ``Ready`` of a revision is never taken back.
"""

from dataclasses import dataclass
from datetime import datetime

from controller.actions import EstimateCost, Evaluate, PrepareData, Train, Trial
from controller.outcomes import Deferred, Outcome, Settled, Stalled, Waiting
from controller.state import Desired, Observed
from controller.verification import fails
from registry.evidence import is_worn, remarks_on, worn_words
from registry.records import GateReport
from specs.conditions import LIVE_FAILS_GATES, Condition, ConditionStatus, ConditionType
from specs.errors import TrueupError
from specs.names import Revision

TRUE, FALSE, UNKNOWN = ConditionStatus.TRUE, ConditionStatus.FALSE, ConditionStatus.UNKNOWN


@dataclass(frozen=True)
class Pass:
    """What one look at a model came to."""

    desired: Desired
    observed: Observed
    outcome: Outcome
    stalled_stage: type | None = None
    """The action that a stall stands for."""
    deferred: tuple[Deferred, ...] = ()
    source_failure: str | None = None
    """Why the repository cannot be read now; None while it can."""


@dataclass(frozen=True)
class Fact:
    """A condition, less when and at which revision it was seen."""

    type: ConditionType
    status: ConditionStatus
    reason: str
    message: str


def summarize(look: Pass, *, now: datetime) -> list[Condition]:
    """All conditions of the model after ``look``; the store keeps when each last changed."""
    facts = [
        _source(look),
        _data(look),
        _trained(look),
        _evaluated(look),
        _gates(look),
        _promoted(look),
        _data_drift(look),
        _diverged(look),
        Fact(ConditionType.SUSPENDED, FALSE, "Active", "automation is on"),
        _reconciling(look),
        _stalled(look),
    ]
    facts.append(_ready(look, {fact.type: fact for fact in facts}))
    return _stamped(facts, look.desired.revision, now)


def summarize_unusable(error: TrueupError, *, at: Revision, now: datetime) -> list[Condition]:
    """Conditions of a model whose wanted state cannot be worked out at revision ``at``.

    Only what the error bears on is said: what was true of the live version before still is.
    """
    message = _with_fix(str(error), error.fix)
    facts = [
        Fact(ConditionType.STALLED, TRUE, error.reason, message),
        Fact(ConditionType.RECONCILING, FALSE, error.reason, "waits for a person"),
        Fact(ConditionType.READY, FALSE, error.reason, message),
    ]
    if error.reason.startswith("Data"):
        facts.append(Fact(ConditionType.DATA_READY, FALSE, error.reason, message))
    return _stamped(facts, at, now)


def waiting_for(look: Pass) -> str:
    """The one thing the model waits for; empty when nothing."""
    match look.outcome:
        case Stalled(failure=failure):
            return _with_fix(failure.message, failure.fix)
        case Waiting(on=on):
            return on
        case _:
            pass
    if look.deferred:
        return look.deferred[0].on
    return _waits_for_people(look)


def _waits_for_people(look: Pass) -> str:
    if unproven := _unproven(look):
        return f"a commit: {unproven[1]}"
    wanted = look.observed.wanted
    if wanted and wanted.report and not wanted.report.passed:
        return f"a commit: version {wanted.version.number} did not pass its gates"
    promotion = look.desired.model.spec.promotion
    if wanted and promotion.mode == "manual" and not look.observed.is_live(wanted):
        number = wanted.version.number
        return f"a person: promotion.mode is manual; promotion.pin: {number} promotes it"
    return ""


def _source(look: Pass) -> Fact:
    kind = ConditionType.SOURCE_VERIFIED
    if look.source_failure is not None:
        standing = f"{look.source_failure}; going on with {look.desired.revision}"
        return Fact(kind, FALSE, "SourceUnreachable", standing)
    return Fact(kind, TRUE, "Fetched", f"read at {look.desired.revision}")


def _data(look: Pass) -> Fact:
    kind = ConditionType.DATA_READY
    if failed := _failed(look, PrepareData):
        return Fact(kind, FALSE, *failed)
    if look.observed.data_is_prepared:
        return Fact(kind, TRUE, "Prepared", "rows are pulled, checked and split")
    if look.observed.wanted and look.observed.wanted.evaluation:
        return Fact(kind, TRUE, "NotNeeded", "everything that needs these rows is done already")
    return Fact(kind, UNKNOWN, "Progressing", "rows are being pulled and checked")


def _trained(look: Pass) -> Fact:
    kind = ConditionType.TRAINED
    wanted = look.observed.wanted
    if wanted is not None:
        message = f"version {wanted.version.number} has the wanted training digest"
        return Fact(kind, TRUE, "VersionRegistered", message)
    failed = (_failed(look, stage) for stage in (EstimateCost, Train, Trial))
    if found := next(filter(None, failed), None):
        return Fact(kind, FALSE, *found)
    return Fact(kind, UNKNOWN, "Progressing", "no version has the wanted training digest yet")


def _evaluated(look: Pass) -> Fact:
    kind = ConditionType.EVALUATED
    wanted = look.observed.wanted
    if wanted is not None and wanted.evaluation is not None:
        message = f"version {wanted.version.number} was measured on the wanted held-out rows"
        data = look.desired.model.spec.data
        if is_worn(look.observed.candidates, data.warn_after_candidates):
            worn = (data.test, look.observed.candidates, data.warn_after_candidates)
            message += f"; {worn_words(*worn)}"
        return Fact(kind, TRUE, "EvidenceStored", message)
    if failed := _failed(look, Evaluate):
        return Fact(kind, FALSE, *failed)
    return Fact(kind, UNKNOWN, "Progressing", "not measured on the wanted held-out rows yet")


def _gates(look: Pass) -> Fact:
    kind = ConditionType.GATES_PASSED
    wanted = look.observed.wanted
    report = None if wanted is None else wanted.report
    if (report is None or report.passed) and (live := _unproven(look)):
        return Fact(kind, FALSE, *live)
    if wanted is None or report is None:
        return Fact(kind, UNKNOWN, "Progressing", "not judged yet")
    number = wanted.version.number
    if report.passed:
        return Fact(kind, TRUE, *_how_passed(report))
    message = f"version {number}: {_why_blocked(report)}"
    return Fact(kind, FALSE, "Failed" if fails(report) else "Inconclusive", message)


def _how_passed(report: GateReport) -> tuple[str, str]:
    """Say also where nothing was judged, or a person answers for what was."""
    number, count = report.version, len(report.verdicts)
    if report.is_ungated:
        return "Ungated", f"version {number} was not judged: the spec says ungated: true"
    lifted = sum(verdict.override is not None for verdict in report.verdicts)
    if lifted:
        text = f"version {number} passed; {lifted} of {count} gate verdicts are overridden"
        return "Overridden", text
    return "Passed", f"version {number} passed {count} gate verdicts"


def _unproven(look: Pass) -> tuple[str, str] | None:
    """Say why what is live is not what is declared now; None when it is, or is not known yet."""
    live = look.observed.live
    if live is None or live.verification is None or live.verification.passed:
        return None
    number, report = live.version.number, live.verification
    if fails(report):
        return LIVE_FAILS_GATES, f"version {number} is live and fails: {_why_blocked(report)}"
    message = f"version {number} is live, and its gates are not shown to hold: "
    return "LiveInconclusive", message + _why_blocked(report)


def _promoted(look: Pass) -> Fact:
    kind = ConditionType.PROMOTED
    wanted, live = look.observed.wanted, look.observed.live
    if wanted is not None and look.observed.is_live(wanted):
        return Fact(kind, TRUE, "Live", f"version {wanted.version.number} answers live traffic")
    standing = f"version {live.version.number} stays live" if live else "nothing is live"
    if wanted is None or wanted.report is None:
        status, reason, message = UNKNOWN, "Progressing", f"not judged yet; {standing}"
    elif not wanted.report.passed:
        status, reason, message = FALSE, "GatesNotPassed", standing
    elif look.desired.model.spec.promotion.mode == "manual":
        status, reason = FALSE, "AwaitingApproval"
        message = f"promotion.mode is manual; {standing}"
    else:
        status, reason, message = UNKNOWN, "Progressing", standing
    return _kept_from(look, standing) or Fact(kind, status, reason, message)


def _kept_from(look: Pass, standing: str) -> Fact | None:
    """Why automation may not promote the wanted version, whatever its gates say."""
    kind = ConditionType.PROMOTED
    if hold := look.observed.hold:
        return Fact(kind, FALSE, "Held", f"held at version {hold.version}: {hold.reason}")
    if (pin := look.desired.model.spec.promotion.pin) is not None:
        return Fact(kind, FALSE, "Pinned", f"promotion.pin is {pin}")
    if look.desired.digests.training in look.observed.quarantined:
        return Fact(kind, FALSE, "Quarantined", f"its digest is in quarantine; {standing}")
    return None


def _data_drift(look: Pass) -> Fact:
    kind = ConditionType.DATA_DRIFT_DETECTED
    signals = look.observed.signals
    alarms = [signal for signal in signals if signal.is_alarm]
    if look.observed.live is None:
        return Fact(kind, UNKNOWN, "NoLiveVersion", "no live traffic to watch")
    if not alarms:
        message = f"{look.observed.requests} requests watched, no alarm"
        return Fact(kind, FALSE, "NoAlarm", message)
    worst = max(alarms, key=lambda signal: signal.evidence_ratio)
    seen = (
        f"{worst.detector}: evidence {worst.evidence_ratio:.2f} of what an alarm needs, "
        f"over {worst.n} requests to version {worst.version}"
    )
    policy = look.desired.model.spec.monitoring.on_data_drift
    # The same rows give the same digest, and a digest is trained once: new data has to come.
    needed = f"at least {policy.min_labels} new labelled rows, committed with DVC"
    match policy.action:
        case "report":
            return Fact(kind, TRUE, "DataDrift", seen)
        case "plan":
            return Fact(kind, TRUE, "RetrainPlanned", f"{seen}; a retraining would take {needed}")
        case "retrain" if look.observed.requests < policy.min_requests:
            seen += f"; retraining waits for {policy.min_requests} requests"
            return Fact(kind, TRUE, "AwaitingRequests", seen)
        case "retrain":
            return Fact(kind, TRUE, "AwaitingLabels", f"{seen}; retraining waits for {needed}")


def _diverged(look: Pass) -> Fact:
    kind = ConditionType.DIVERGED
    hold = look.observed.hold
    if hold is not None and look.desired.model.spec.promotion.pin != hold.version:
        where = "on its way to git" if hold.written_back is None else "in git, not fetched yet"
        message = f"held at version {hold.version}; promotion.pin is {where}"
        return Fact(kind, TRUE, "Held", message)
    return Fact(kind, FALSE, "InStep", "git and the registry say the same")


def _reconciling(look: Pass) -> Fact:
    kind = ConditionType.RECONCILING
    match look.outcome:
        case Waiting(on=on):
            return Fact(kind, TRUE, "Progressing", on)
        case Stalled():
            return Fact(kind, FALSE, "Stalled", "waits for a person")
        case _:
            return Fact(kind, FALSE, "Settled", "nothing left to do at this revision")


def _stalled(look: Pass) -> Fact:
    if isinstance(look.outcome, Stalled):
        failure = look.outcome.failure
        message = _with_fix(failure.message, failure.fix)
        return Fact(ConditionType.STALLED, TRUE, failure.reason, message)
    return Fact(ConditionType.STALLED, FALSE, "NotStalled", "nothing waits for a person")


def _ready(look: Pass, facts: dict[ConditionType, Fact]) -> Fact:
    kind = ConditionType.READY
    stalled, promoted = facts[ConditionType.STALLED], facts[ConditionType.PROMOTED]
    gates = facts[ConditionType.GATES_PASSED]
    if stalled.status is TRUE:
        return Fact(kind, FALSE, stalled.reason, stalled.message)
    if not isinstance(look.outcome, Settled):
        return Fact(kind, UNKNOWN, "Progressing", facts[ConditionType.RECONCILING].message)
    if unproven := _unproven(look):
        return Fact(kind, FALSE, *unproven)
    if look.observed.live is not None and promoted.reason in {"Live", "Held", "Pinned"}:
        return Fact(kind, TRUE, promoted.reason, promoted.message)
    if gates.status is FALSE:
        return Fact(kind, FALSE, "GatesNotPassed", gates.message)
    return Fact(kind, FALSE, promoted.reason, promoted.message)


def _failed(look: Pass, stage: type) -> tuple[str, str] | None:
    if isinstance(look.outcome, Stalled) and look.stalled_stage is stage:
        failure = look.outcome.failure
        return failure.reason, _with_fix(failure.message, failure.fix)
    return None


def _why_blocked(report: GateReport) -> str:
    blocking = [verdict.message for verdict in report.verdicts if verdict.blocks]
    return "; ".join((*blocking, *remarks_on(report)))


def _with_fix(message: str, fix: str | None) -> str:
    return f"{message} — {fix}" if fix and fix not in message else message


def _stamped(facts: list[Fact], at: Revision, now: datetime) -> list[Condition]:
    return [Condition(fact.type, fact.status, fact.reason, fact.message, at, now) for fact in facts]
