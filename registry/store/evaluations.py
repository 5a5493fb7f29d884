"""Evaluations: stored evidence about versions, one per evaluation digest."""

from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from registry.records import EvaluationDraft, EvaluationRecord
from registry.store.payloads import (
    estimates_document,
    files_document,
    read_estimates,
    read_files,
)
from registry.store.tables import EvaluationRow, VersionRow
from registry.store.versions import get_version
from specs.names import Digest


def record_evaluation(
    session: Session, draft: EvaluationDraft, *, now: datetime
) -> EvaluationRecord:
    """Insert the evaluation, or return the one already recorded for its digest.

    Raises:
        NotFoundError: there is no such version.
    """
    found = find_evaluation(session, draft.model, draft.evaluation_digest)
    if found is not None:
        return found
    get_version(session, draft.model, draft.version)
    row = EvaluationRow(
        model=draft.model,
        version=draft.version,
        evaluation_digest=draft.evaluation_digest,
        measurement_digest=draft.measurement_digest,
        test_digest=draft.test_digest,
        run_id=draft.run_id,
        metrics=estimates_document(draft.metrics),
        slices={name: estimates_document(values) for name, values in draft.slices.items()},
        report=dict(draft.report),
        files=files_document(draft.files),
        created_at=now,
    )
    session.add(row)
    session.flush()
    return _record(row)


def find_evaluation(
    session: Session, model: str, evaluation_digest: Digest
) -> EvaluationRecord | None:
    """Return the evaluation with this digest, or None."""
    row = session.scalar(
        select(EvaluationRow).where(
            EvaluationRow.model == model, EvaluationRow.evaluation_digest == evaluation_digest
        )
    )
    return None if row is None else _record(row)


def find_measured(
    session: Session, model: str, version: int, measurement_digest: Digest
) -> EvaluationRecord | None:
    """Return the version's newest evidence of just this measurement, or None."""
    row = session.scalar(
        select(EvaluationRow)
        .where(
            EvaluationRow.model == model,
            EvaluationRow.version == version,
            EvaluationRow.measurement_digest == measurement_digest,
        )
        .order_by(EvaluationRow.id.desc())
        .limit(1)
    )
    return None if row is None else _record(row)


def count_candidates(session: Session, test_digest: str) -> int:
    """Count the candidates that were judged on a test file, whichever model they are of.

    A candidate is a training digest: measuring the same weights again tries nothing new.
    """
    found = session.scalar(
        select(func.count(VersionRow.training_digest.distinct()))
        .select_from(EvaluationRow)
        .join(
            VersionRow,
            (VersionRow.model == EvaluationRow.model)
            & (VersionRow.number == EvaluationRow.version),
        )
        .where(EvaluationRow.test_digest == test_digest)
    )
    return found or 0


def latest_evaluation(session: Session, model: str, version: int) -> EvaluationRecord | None:
    """Return the newest evaluation of a version, or None."""
    row = session.scalar(
        select(EvaluationRow)
        .where(EvaluationRow.model == model, EvaluationRow.version == version)
        .order_by(EvaluationRow.id.desc())
        .limit(1)
    )
    return None if row is None else _record(row)


def latest_evaluations(session: Session, model: str) -> dict[int, EvaluationRecord]:
    """Version → its newest evaluation, for all versions of a model in one query."""
    newest = (
        select(func.max(EvaluationRow.id))
        .where(EvaluationRow.model == model)
        .group_by(EvaluationRow.version)
    )
    rows = session.scalars(select(EvaluationRow).where(EvaluationRow.id.in_(newest)))
    return {row.version: _record(row) for row in rows}


def _record(row: EvaluationRow) -> EvaluationRecord:
    return EvaluationRecord(
        model=row.model,
        version=row.version,
        evaluation_digest=Digest(row.evaluation_digest),
        run_id=row.run_id,
        metrics=read_estimates(row.metrics),
        slices={name: read_estimates(values) for name, values in row.slices.items()},
        report=row.report,
        files=read_files(row.files),
        created_at=row.created_at,
        measurement_digest=None
        if row.measurement_digest is None
        else Digest(row.measurement_digest),
        test_digest=row.test_digest,
    )
