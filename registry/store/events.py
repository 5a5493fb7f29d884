"""Events: what changed, in order. Only ever appended."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from registry.records import EventRecord, Json
from registry.store.streams import write_in_order
from registry.store.tables import EventRow
from specs.names import Revision


def record_event(  # noqa: PLR0913  (the fields of one row, all keywords)
    session: Session,
    *,
    kind: str,
    message: str,
    model: str | None = None,
    trigger: str | None = None,
    revision: Revision | None = None,
    data: Json | None = None,
    now: datetime,
) -> EventRecord:
    """Append an event. Each call is one event: say what changed, not what is."""
    write_in_order(session, "events")
    row = EventRow(
        at=now,
        model=model,
        kind=kind,
        message=message,
        trigger=trigger,
        revision=revision,
        data=dict(data or {}),
    )
    session.add(row)
    session.flush()
    return _record(row)


def list_events(
    session: Session, *, model: str | None = None, after: int = 0, limit: int = 100
) -> list[EventRecord]:
    """Events, oldest first: the newest ``limit`` of all, or the next ``limit`` behind ``after``.

    So a reader starts with ``after=0``, goes on behind the last id it saw, and misses none.
    """
    query = select(EventRow)
    if model is not None:
        query = query.where(EventRow.model == model)
    if after:
        rows = session.scalars(query.where(EventRow.id > after).order_by(EventRow.id).limit(limit))
        return [_record(row) for row in rows]
    newest = session.scalars(query.order_by(EventRow.id.desc()).limit(limit))
    return [_record(row) for row in reversed(newest.all())]


def list_events_of_kinds(session: Session, model: str, kinds: Collection[str]) -> list[EventRecord]:
    """All events of a model that are of these kinds, oldest first."""
    query = select(EventRow).where(EventRow.model == model, EventRow.kind.in_(kinds))
    return [_record(row) for row in session.scalars(query.order_by(EventRow.id))]


def _record(row: EventRow) -> EventRecord:
    return EventRecord(
        id=row.id,
        at=row.at,
        model=row.model,
        kind=row.kind,
        message=row.message,
        trigger=row.trigger,
        revision=None if row.revision is None else Revision(row.revision),
        data=row.data,
    )
