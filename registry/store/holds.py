"""Holds and quarantine: what a person decided over automation."""

from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from registry.errors import NotFoundError
from registry.records import HoldRecord, QuarantineRecord
from registry.store.models import lock_model
from registry.store.tables import HoldRow, QuarantineRow
from registry.store.versions import get_version
from specs.names import Digest, Revision


def place_hold(
    session: Session, model: str, *, version: int, reason: str, by: str, now: datetime
) -> HoldRecord:
    """Pin a version over automation, in place of the hold there was.

    Asking again for the hold that is active returns it.

    Raises:
        NotFoundError: there is no such model or version.
    """
    lock_model(session, model)
    get_version(session, model, version)
    active = _active(session, model)
    if active is not None:
        if (active.version, active.reason, active.by) == (version, reason, by):
            return _record(active)
        _release(active, by=by, reason=f"replaced: {reason}", now=now)
        session.flush()
    row = HoldRow(model=model, version=version, reason=reason, by=by, created_at=now)
    session.add(row)
    session.flush()
    return _record(row)


def find_hold(session: Session, model: str) -> HoldRecord | None:
    """Return the active hold of a model, or None."""
    row = _active(session, model)
    return None if row is None else _record(row)


def list_holds(session: Session) -> list[HoldRecord]:
    """The active holds of all models."""
    rows = session.scalars(
        select(HoldRow).where(HoldRow.released_at.is_(None)).order_by(HoldRow.model)
    )
    return [_record(row) for row in rows]


def list_holds_of(session: Session, model: str, version: int) -> list[HoldRecord]:
    """Every hold that a version ever had, oldest first."""
    rows = session.scalars(
        select(HoldRow)
        .where(HoldRow.model == model, HoldRow.version == version)
        .order_by(HoldRow.id)
    )
    return [_record(row) for row in rows]


def mark_written_back(session: Session, hold_id: int, *, revision: Revision) -> None:
    """Record the commit that says in git what the hold says here.

    Raises:
        NotFoundError: there is no such hold.
    """
    row = session.get(HoldRow, hold_id)
    if row is None:
        raise NotFoundError("hold", str(hold_id))
    row.written_back = revision


def find_release_to_write(session: Session, model: str) -> HoldRecord | None:
    """Return the newest hold, if it was released and git may still say otherwise."""
    row = session.scalar(
        select(HoldRow).where(HoldRow.model == model).order_by(HoldRow.id.desc()).limit(1)
    )
    if row is None or row.released_at is None or row.release_written_back is not None:
        return None
    return _record(row)


def mark_release_written_back(session: Session, hold_id: int, *, revision: Revision) -> None:
    """Record the revision at which git no longer says what the released hold said.

    Raises:
        NotFoundError: there is no such hold.
    """
    row = session.get(HoldRow, hold_id)
    if row is None:
        raise NotFoundError("hold", str(hold_id))
    row.release_written_back = revision


def release_hold(
    session: Session, model: str, *, by: str, reason: str, now: datetime
) -> HoldRecord | None:
    """End the active hold and return it; None when there was none to end."""
    row = _active(session, model)
    if row is None:
        return None
    _release(row, by=by, reason=reason, now=now)
    session.flush()
    return _record(row)


def quarantine(
    session: Session, model: str, digest: Digest, *, reason: str, by: str, now: datetime
) -> QuarantineRecord:
    """Keep automation from promoting a training digest again; the first reason stays."""
    row = session.get(QuarantineRow, (model, digest))
    if row is None:
        lock_model(session, model)
        row = QuarantineRow(
            model=model, training_digest=digest, reason=reason, by=by, created_at=now
        )
        session.add(row)
        session.flush()
    return _quarantine_record(row)


def lift_quarantine(session: Session, model: str, digest: Digest) -> None:
    """Let automation promote a training digest again."""
    session.execute(
        delete(QuarantineRow).where(
            QuarantineRow.model == model, QuarantineRow.training_digest == digest
        )
    )


def list_quarantined(session: Session, model: str) -> list[QuarantineRecord]:
    """All quarantined training digests of a model, oldest first."""
    rows = session.scalars(
        select(QuarantineRow)
        .where(QuarantineRow.model == model)
        .order_by(QuarantineRow.created_at, QuarantineRow.training_digest)
    )
    return [_quarantine_record(row) for row in rows]


def _active(session: Session, model: str) -> HoldRow | None:
    return session.scalar(
        select(HoldRow).where(HoldRow.model == model, HoldRow.released_at.is_(None))
    )


def _release(row: HoldRow, *, by: str, reason: str, now: datetime) -> None:
    row.released_at = now
    row.released_by = by
    row.release_reason = reason


def _record(row: HoldRow) -> HoldRecord:
    return HoldRecord(
        id=row.id,
        model=row.model,
        version=row.version,
        reason=row.reason,
        by=row.by,
        created_at=row.created_at,
        written_back=None if row.written_back is None else Revision(row.written_back),
        released_at=row.released_at,
        release_written_back=(
            None if row.release_written_back is None else Revision(row.release_written_back)
        ),
    )


def _quarantine_record(row: QuarantineRow) -> QuarantineRecord:
    return QuarantineRecord(
        model=row.model,
        training_digest=Digest(row.training_digest),
        reason=row.reason,
        by=row.by,
        created_at=row.created_at,
    )
