"""Models: what is declared, at which revision, and the one thing each waits for."""

import difflib
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from registry.errors import NotFoundError
from registry.records import Json, ModelRecord
from registry.store.tables import ModelRow
from specs.names import Revision


def declare_model(
    session: Session,
    name: str,
    *,
    path: str,
    revision: Revision | None,
    spec: Json | None,
    now: datetime,
) -> ModelRecord:
    """Insert or update a model; a retired one comes back.

    Args:
        session: the caller's transaction.
        name: the model's name.
        path: its spec file in the repository.
        revision: the revision that was looked at.
        spec: the valid spec at that revision; None keeps the last valid one.
        now: aware UTC.
    """
    row = session.get(ModelRow, name)
    if row is None:
        row = ModelRow(name=name, path=path, spec=None, waiting_for="", created_at=now)
        session.add(row)
    row.path = path
    row.revision = revision
    row.retired_at = None
    if spec is not None:
        row.spec = dict(spec)
    session.flush()
    return _record(row)


def find_model(session: Session, name: str) -> ModelRecord | None:
    """Return the model, retired or not, or None."""
    row = session.get(ModelRow, name)
    return None if row is None else _record(row)


def get_model(session: Session, name: str) -> ModelRecord:
    """Return the model.

    Raises:
        NotFoundError: there is none; its fix names the nearest ones.
    """
    found = find_model(session, name)
    if found is None:
        raise _no_such_model(session, name)
    return found


def list_models(session: Session) -> list[ModelRecord]:
    """All models that are not retired, by name."""
    rows = session.scalars(
        select(ModelRow).where(ModelRow.retired_at.is_(None)).order_by(ModelRow.name)
    )
    return [_record(row) for row in rows]


def retire_model(session: Session, name: str, *, now: datetime) -> None:
    """Mark a model as no longer declared; its versions and history stay."""
    row = lock_model(session, name)
    if row.retired_at is None:
        row.retired_at = now


def set_waiting_for(session: Session, name: str, text: str) -> None:
    """Say the one thing the model waits for; the empty text says that it waits for nothing."""
    row = session.get(ModelRow, name)
    if row is None:
        raise _no_such_model(session, name)
    row.waiting_for = text


def lock_model(session: Session, name: str) -> ModelRow:
    """Return the model's row for the rest of the transaction: others who lock it wait.

    Raises:
        NotFoundError: there is none.
    """
    row = session.get(ModelRow, name, with_for_update=True)
    if row is None:
        raise _no_such_model(session, name)
    return row


def _no_such_model(session: Session, name: str) -> NotFoundError:
    names = list(session.scalars(select(ModelRow.name).where(ModelRow.retired_at.is_(None))))
    near = difflib.get_close_matches(name, names, n=3, cutoff=0.5)
    if near:
        return NotFoundError("model", name, fix="did you mean " + " or ".join(near) + "?")
    if names:
        some = ", ".join(sorted(names)[:5])
        return NotFoundError("model", name, fix=f"the models are: {some}")
    return NotFoundError("model", name, fix="commit a spec file; no model is declared yet")


def _record(row: ModelRow) -> ModelRecord:
    return ModelRecord(
        name=row.name,
        path=row.path,
        revision=None if row.revision is None else Revision(row.revision),
        spec=row.spec,
        waiting_for=row.waiting_for,
        retired_at=row.retired_at,
        created_at=row.created_at,
    )
