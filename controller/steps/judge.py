"""Judge: hold stored evidence against the declared gates. Sets ``GatesPassed``.

Nothing is measured here, so that a changed gate gives a new verdict in milliseconds.
"""

from controller.actions import Judge
from controller.context import Context
from controller.evaluation.as_it_is import BASE, BASE_ROWS_FILE, evidence_as_it_is
from controller.evaluation.evidence import ROWS_FILE, Evidence, evidence_of
from controller.gates.judge import judge as judge_gates
from controller.gates.judge import passed
from controller.outcomes import Done, Outcome
from controller.state import Judged, Observed
from registry.evidence import remarks_on
from registry.records import EvaluationRecord, GateReport
from registry.store import events, runs, verdicts
from specs.conditions import LIVE_FAILS_GATES
from specs.names import LIVE

MOST_TOLD = 3
"""Verdicts that an event repeats; all of them stand in the report."""


def judge(context: Context, action: Judge) -> Outcome:
    """Record every gate's verdict on one version."""
    subject = context.observed.judged(action.training_digest)
    assert subject.measured is not None, "the plan measures before it judges"
    compared = _compared(context.observed, subject)
    found = judge_gates(
        context.desired.model.spec.gates,
        candidate=_evidence(context, subject.measured),
        against={
            **{name: _evidence(context, record) for name, record in compared.items()},
            **_base_as_it_is(context, subject.measured),
        },
        overrides=context.desired.overrides,
    )
    live = compared.get(LIVE)
    at_training = subject.version.lineage.get(runs.GATES)
    desired = context.desired
    report = GateReport(
        model=context.model,
        version=subject.version.number,
        gates_digest=desired.digests.gates,
        evaluation_digest=subject.measured.evaluation_digest,
        against=live.version if live else None,
        passed=passed(found),
        verdicts=found,
        created_at=context.tools.clock(),
        compared={str(name): record.version for name, record in compared.items()},
        gates_at_training=at_training,
        gates_changed_after_training=at_training not in (None, desired.digests.criteria),
        is_ungated=desired.model.spec.ungated,
        overrides=tuple(override.model_dump() for override in desired.overrides),
    )
    _record(context, report)
    return Done()


def _record(context: Context, report: GateReport) -> None:
    live = context.observed.live
    is_live = live is not None and live.version.number == report.version
    kinds = ("LiveVerified", LIVE_FAILS_GATES) if is_live else ("GatesPassed", "GatesFailed")
    with context.tools.database.transaction() as session:
        verdicts.record_gate_report(session, report)
        events.record_event(
            session,
            kind=kinds[0] if report.passed else kinds[1],
            message=_summary(report),
            model=context.model,
            trigger=context.trigger,
            revision=context.desired.revision,
            data={
                "version": report.version,
                "compared": dict(report.compared),
                "gates_changed_after_training": report.gates_changed_after_training,
            },
            now=report.created_at,
        )


def _summary(report: GateReport) -> str:
    told = [one.message for one in report.verdicts if one.blocks != report.passed]
    more = len(told) - MOST_TOLD
    shown = "; ".join(told[:MOST_TOLD]) + (f"; and {more} more" if more > 0 else "")
    marked = "".join(f" ({remark})" for remark in remarks_on(report))
    return f"version {report.version}{marked}: {shown}"


def _compared(observed: Observed, subject: Judged) -> dict[str | int, EvaluationRecord]:
    """Find the evidence of what gates name; of ``live`` and ``previous``, the first has none."""
    is_wanted = subject is observed.wanted
    found: dict[str | int, EvaluationRecord] = {}
    for name, other in observed.compared.items():
        record = other.evaluation if is_wanted else other.measured
        if other.version.number == subject.version.number:
            record = subject.measured
        if record is not None:
            found[name] = record
    return found


def _evidence(context: Context, record: EvaluationRecord) -> Evidence:
    rows = context.tools.artifacts.read_bytes(record.files[ROWS_FILE].digest)
    return evidence_of(record, rows)


def _base_as_it_is(context: Context, record: EvaluationRecord) -> dict[str | int, Evidence]:
    """What the version's own evaluation measured of its base, where a gate asked for it."""
    if BASE_ROWS_FILE not in record.files:
        return {}
    rows = context.tools.artifacts.read_bytes(record.files[BASE_ROWS_FILE].digest)
    return {BASE: evidence_as_it_is(record, rows)}
