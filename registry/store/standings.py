"""Standings: the evidence and verdicts that stand about a version by what is declared now.

Evidence is kept for ever, so a commit that is reverted makes an older row the one that counts.
"""

from sqlalchemy import select
from sqlalchemy.orm import Session

from registry.records import EvaluationRecord, GateReport, Standing
from registry.store.evaluations import find_evaluation
from registry.store.tables import StandingRow
from registry.store.verdicts import find_gate_report
from specs.names import Digest


def set_standing(session: Session, model: str, version: int, standing: Standing) -> None:
    """Say which evidence and verdicts count now."""
    session.merge(
        StandingRow(
            model=model,
            version=version,
            evaluation_digest=standing.evaluation_digest,
            gates_digest=standing.gates_digest,
        )
    )


def list_standings(session: Session, model: str) -> dict[int, Standing]:
    """Version → what stands about it, for all versions of a model that were looked at."""
    rows = session.scalars(select(StandingRow).where(StandingRow.model == model))
    return {
        row.version: Standing(
            Digest(row.evaluation_digest),
            None if row.gates_digest is None else Digest(row.gates_digest),
        )
        for row in rows
    }


def standing_evaluation(
    session: Session, newest: EvaluationRecord, standing: Standing | None
) -> EvaluationRecord:
    """Return the evaluation that stands: ``newest``, unless another was said to."""
    if standing is None or newest.evaluation_digest == standing.evaluation_digest:
        return newest
    return find_evaluation(session, newest.model, standing.evaluation_digest) or newest


def standing_report(session: Session, newest: GateReport, standing: Standing | None) -> GateReport:
    """Return the report that stands: ``newest``, unless another was said to."""
    if standing is None or standing.gates_digest is None:
        return newest
    if (newest.evaluation_digest, newest.gates_digest) == (
        standing.evaluation_digest,
        standing.gates_digest,
    ):
        return newest
    found = find_gate_report(
        session,
        newest.model,
        newest.version,
        gates_digest=standing.gates_digest,
        evaluation_digest=standing.evaluation_digest,
    )
    return found or newest
