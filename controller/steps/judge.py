"""Judge: hold stored evidence against the declared gates. Sets ``GatesPassed``.

Nothing is measured here, so that a changed gate gives a new verdict in milliseconds.
"""

from controller.actions import Judge
from controller.context import Context
from controller.evaluation.evidence import ROWS_FILE, Evidence, evidence_of
from controller.gates.judge import judge as judge_gates
from controller.gates.judge import passed
from controller.outcomes import Done, Outcome
from controller.state import Judged
from registry.records import EvaluationRecord, GateReport
from registry.store import events, verdicts
from specs.names import LIVE

MOST_TOLD = 3
"""Verdicts that an event repeats; all of them stand in the report."""


def judge(context: Context, _action: Judge) -> Outcome:
    """Record every gate's verdict on the wanted version."""
    wanted, live = context.observed.wanted, context.observed.live
    assert wanted is not None, "the plan measures before it judges"
    assert wanted.evaluation is not None, "the plan measures before it judges"
    against = _other_than(wanted, live) if context.desired.compares_with_live else None
    compared: dict[str | int, Evidence] = {}
    if against is not None:
        compared[LIVE] = _evidence(context, against)
    found = judge_gates(
        context.desired.model.spec.gates,
        candidate=_evidence(context, wanted.evaluation),
        against=compared,
        overrides=context.desired.overrides,
    )
    tools = context.tools
    report = GateReport(
        model=context.model,
        version=wanted.version.number,
        gates_digest=context.desired.digests.gates,
        evaluation_digest=wanted.evaluation_digest,
        against=against.version if against else None,
        passed=passed(found),
        verdicts=found,
        created_at=tools.clock(),
    )
    with tools.database.transaction() as session:
        verdicts.record_gate_report(session, report)
        events.record_event(
            session,
            kind="GatesPassed" if report.passed else "GatesFailed",
            message=_summary(report),
            model=context.model,
            trigger=context.trigger,
            revision=context.desired.revision,
            data={"version": report.version, "against": report.against},
            now=report.created_at,
        )
    return Done()


def _summary(report: GateReport) -> str:
    told = [one.message for one in report.verdicts if one.blocks != report.passed]
    more = len(told) - MOST_TOLD
    shown = "; ".join(told[:MOST_TOLD]) + (f"; and {more} more" if more > 0 else "")
    return f"version {report.version}: {shown}"


def _other_than(wanted: Judged, live: Judged | None) -> EvaluationRecord | None:
    # The first version has nothing to compare with, and live is not compared with itself.
    if live is None or live.version.number == wanted.version.number:
        return None
    return live.evaluation


def _evidence(context: Context, record: EvaluationRecord) -> Evidence:
    rows = context.tools.artifacts.read_bytes(record.files[ROWS_FILE].digest)
    return evidence_of(record, rows)
