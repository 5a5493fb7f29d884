"""Verdicts: gate reports on versions, one per gates, evaluation and compared version."""

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from registry.records import GateReport
from registry.store.payloads import (
    circumstances_document,
    read_circumstances,
    read_verdict,
    verdict_document,
)
from registry.store.tables import NO_VERSION, GateReportRow
from registry.store.versions import get_version
from specs.names import Digest


def record_gate_report(session: Session, report: GateReport) -> GateReport:
    """Insert the report, or return the one already recorded for the same question.

    Raises:
        NotFoundError: there is no such version.
    """
    found = session.scalar(
        _of_version(report.model, report.version).where(
            GateReportRow.gates_digest == report.gates_digest,
            GateReportRow.evaluation_digest == report.evaluation_digest,
            GateReportRow.against == (report.against or NO_VERSION),
        )
    )
    if found is not None:
        return _record(found)
    get_version(session, report.model, report.version)
    row = GateReportRow(
        model=report.model,
        version=report.version,
        gates_digest=report.gates_digest,
        evaluation_digest=report.evaluation_digest,
        against=report.against or NO_VERSION,
        passed=report.passed,
        verdicts=[verdict_document(verdict) for verdict in report.verdicts],
        circumstances=circumstances_document(report),
        created_at=report.created_at,
    )
    session.add(row)
    session.flush()
    return _record(row)


def find_gate_report(
    session: Session,
    model: str,
    version: int,
    *,
    gates_digest: Digest,
    evaluation_digest: Digest,
) -> GateReport | None:
    """Return the newest report of these gates on this evaluation, or None."""
    row = session.scalar(
        _of_version(model, version).where(
            GateReportRow.gates_digest == gates_digest,
            GateReportRow.evaluation_digest == evaluation_digest,
        )
    )
    return None if row is None else _record(row)


def latest_gate_report(session: Session, model: str, version: int) -> GateReport | None:
    """Return the newest report on a version, whatever its gates were, or None."""
    row = session.scalar(_of_version(model, version))
    return None if row is None else _record(row)


def has_ever_passed(session: Session, model: str, version: int) -> bool:
    """Whether any report on the version says that it passed: what an undo asks for."""
    query = select(GateReportRow.id).where(
        GateReportRow.model == model, GateReportRow.version == version, GateReportRow.passed
    )
    return session.scalar(query.limit(1)) is not None


def latest_gate_reports(session: Session, model: str) -> dict[int, GateReport]:
    """Version → its newest report, for all versions of a model in one query."""
    newest = (
        select(func.max(GateReportRow.id))
        .where(GateReportRow.model == model)
        .group_by(GateReportRow.version)
    )
    rows = session.scalars(select(GateReportRow).where(GateReportRow.id.in_(newest)))
    return {row.version: _record(row) for row in rows}


def _of_version(model: str, version: int) -> Select[GateReportRow]:
    return (
        select(GateReportRow)
        .where(GateReportRow.model == model, GateReportRow.version == version)
        .order_by(GateReportRow.id.desc())
        .limit(1)
    )


def _record(row: GateReportRow) -> GateReport:
    return GateReport(
        model=row.model,
        version=row.version,
        gates_digest=Digest(row.gates_digest),
        evaluation_digest=Digest(row.evaluation_digest),
        against=None if row.against == NO_VERSION else row.against,
        passed=row.passed,
        verdicts=tuple(read_verdict(verdict) for verdict in row.verdicts),
        created_at=row.created_at,
        **read_circumstances(row.circumstances),
    )
