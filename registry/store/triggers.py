"""Triggers: requests for a look, left by anybody, taken by the controller."""

from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from registry.records import TriggerRecord
from registry.store.tables import TriggerRow


def request_look(
    session: Session, *, model: str | None, kind: str, message: str, now: datetime
) -> TriggerRecord:
    """Ask for a look at a model (None: all). An equal request that still waits is returned."""
    waiting = session.scalar(
        select(TriggerRow).where(
            TriggerRow.model.is_not_distinct_from(model),
            TriggerRow.kind == kind,
            TriggerRow.message == message,
        )
    )
    if waiting is not None:
        return _record(waiting)
    row = TriggerRow(model=model, kind=kind, message=message, at=now)
    session.add(row)
    session.flush()
    return _record(row)


def has_triggers(session: Session) -> bool:
    """Whether somebody asked: a read, so that waiting for work never takes the write lock."""
    return session.scalar(select(TriggerRow.id).limit(1)) is not None


def take_triggers(session: Session) -> list[TriggerRecord]:
    """Take all requests, oldest first; each is returned to one taker only."""
    taken = session.scalars(delete(TriggerRow).returning(TriggerRow)).all()
    return sorted((_record(row) for row in taken), key=lambda record: record.id)


def _record(row: TriggerRow) -> TriggerRecord:
    return TriggerRecord(id=row.id, model=row.model, kind=row.kind, message=row.message, at=row.at)
