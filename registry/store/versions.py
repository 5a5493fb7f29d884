"""Versions: immutable, numbered per model from 1, one per training digest."""

from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from registry.errors import NotFoundError
from registry.records import VersionDraft, VersionRecord
from registry.store.models import lock_model
from registry.store.payloads import files_document, read_files
from registry.store.tables import VersionRow
from specs.names import Digest, Revision


def record_version(session: Session, draft: VersionDraft, *, now: datetime) -> VersionRecord:
    """Insert the version with the next number, or return the one of this training digest.

    Raises:
        NotFoundError: the model is not declared.
    """
    # The model's row is the turnstile: two recorders of one model never count to one number.
    lock_model(session, draft.model)
    found = find_version(session, draft.model, draft.training_digest)
    if found is not None:
        return found
    last = session.scalar(
        select(func.max(VersionRow.number)).where(VersionRow.model == draft.model)
    )
    row = VersionRow(
        model=draft.model,
        number=(last or 0) + 1,
        training_digest=draft.training_digest,
        revision=draft.revision,
        run_id=draft.run_id,
        files=files_document(draft.files),
        lineage=dict(draft.lineage),
        training=dict(draft.training),
        created_at=now,
    )
    session.add(row)
    session.flush()
    return _record(row)


def get_version(session: Session, model: str, number: int) -> VersionRecord:
    """Return one version.

    Raises:
        NotFoundError: there is none; its fix names the versions there are.
    """
    row = session.get(VersionRow, (model, number))
    if row is None:
        raise _no_such_version(session, model, number)
    return _record(row)


def find_number(session: Session, model: str, number: int) -> VersionRecord | None:
    """Return the version with this number, or None."""
    row = session.get(VersionRow, (model, number))
    return None if row is None else _record(row)


def find_version(session: Session, model: str, training_digest: Digest) -> VersionRecord | None:
    """Return the version with this training digest, or None."""
    row = session.scalar(
        select(VersionRow).where(
            VersionRow.model == model, VersionRow.training_digest == training_digest
        )
    )
    return None if row is None else _record(row)


def list_versions(session: Session, model: str) -> list[VersionRecord]:
    """All versions of a model, oldest first."""
    rows = session.scalars(
        select(VersionRow).where(VersionRow.model == model).order_by(VersionRow.number)
    )
    return [_record(row) for row in rows]


def list_trained_from(session: Session, base_revision: str, *, limit: int) -> list[VersionRecord]:
    """The newest versions of all models that were trained from this base, newest first."""
    base = VersionRow.lineage[("base", "revision")].as_string()
    rows = session.scalars(
        select(VersionRow)
        .where(base == base_revision)
        .order_by(VersionRow.created_at.desc())
        .limit(limit)
    )
    return [_record(row) for row in rows]


def _no_such_version(session: Session, model: str, number: int) -> NotFoundError:
    last = session.scalar(select(func.max(VersionRow.number)).where(VersionRow.model == model))
    fix = f"its versions are 1 to {last}" if last else "it has no version yet"
    return NotFoundError("version", f"{model}@{number}", fix=fix)


def _record(row: VersionRow) -> VersionRecord:
    return VersionRecord(
        model=row.model,
        number=row.number,
        training_digest=Digest(row.training_digest),
        revision=Revision(row.revision),
        run_id=row.run_id,
        files=read_files(row.files),
        lineage=row.lineage,
        training=row.training,
        created_at=row.created_at,
    )
