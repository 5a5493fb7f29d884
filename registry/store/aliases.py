"""Aliases: movable names. Moving one is a compare-and-swap; its history is never edited."""

from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from registry.errors import ConflictError
from registry.records import AliasRecord
from registry.store.tables import AliasMoveRow, AliasRow
from registry.store.versions import get_version
from specs.names import LIVE, PREVIOUS


def move_alias(  # noqa: PLR0913  (the facts of one move, all keywords)
    session: Session,
    model: str,
    alias: str,
    *,
    to: int,
    expected: int | None,
    by: str,
    reason: str,
    now: datetime,
) -> AliasRecord:
    """Point ``alias`` at version ``to``, if it points at ``expected`` now (None: nowhere).

    Moving ``live`` also moves ``previous`` to the version that live leaves. Moving an alias to
    where ``expected`` says it is changes nothing.

    Raises:
        ConflictError: the alias is not at ``expected``; somebody else moved it.
        NotFoundError: there is no version ``to``.
    """
    get_version(session, model, to)
    move = AliasRow(
        model=model, alias=alias, version=to, changed_at=now, changed_by=by, reason=reason
    )
    if expected == to:
        return _already_there(session, move)
    if expected is None:
        _place(session, move)
    else:
        _swap(session, move, expected)
    _remember(session, move, left=expected)
    if alias == LIVE and expected is not None:
        _follow(session, move, left=expected)
    return _record(move)


def find_alias(session: Session, model: str, alias: str) -> AliasRecord | None:
    """Return where the alias points, or None."""
    row = session.scalar(select(AliasRow).where(AliasRow.model == model, AliasRow.alias == alias))
    return None if row is None else _record(row)


def list_aliases(session: Session, model: str) -> list[AliasRecord]:
    """All aliases of a model, by name."""
    rows = session.scalars(select(AliasRow).where(AliasRow.model == model).order_by(AliasRow.alias))
    return [_record(row) for row in rows]


def list_live(session: Session) -> list[AliasRecord]:
    """The live alias of every model that has one: one indexed query, made to be polled."""
    rows = session.scalars(select(AliasRow).where(AliasRow.alias == LIVE).order_by(AliasRow.model))
    return [_record(row) for row in rows]


def alias_history(session: Session, model: str, alias: str) -> list[AliasRecord]:
    """Every place the alias ever pointed at, oldest first."""
    rows = session.scalars(
        select(AliasMoveRow)
        .where(AliasMoveRow.model == model, AliasMoveRow.alias == alias)
        .order_by(AliasMoveRow.id)
    )
    return [_record(row) for row in rows]


def _already_there(session: Session, move: AliasRow) -> AliasRecord:
    found = find_alias(session, move.model, move.alias)
    if found is None or found.version != move.version:
        raise _conflict(session, move, move.version)
    return found


def _place(session: Session, move: AliasRow) -> None:
    try:
        with session.begin_nested():
            session.add(move)
    except IntegrityError as error:
        raise _conflict(session, move, None) from error


def _swap(session: Session, move: AliasRow, expected: int) -> None:
    # The comparison is part of the UPDATE, so that two movers cannot both find `expected`.
    swapped = session.execute(
        update(AliasRow)
        .where(
            AliasRow.model == move.model,
            AliasRow.alias == move.alias,
            AliasRow.version == expected,
        )
        .values(
            version=move.version,
            changed_at=move.changed_at,
            changed_by=move.changed_by,
            reason=move.reason,
        )
        .returning(AliasRow.version)
    )
    if swapped.scalar() is None:
        raise _conflict(session, move, expected)


def _follow(session: Session, move: AliasRow, *, left: int) -> None:
    """Point ``previous`` at what live left: an undo needs no search."""
    previous = AliasRow(
        model=move.model,
        alias=PREVIOUS,
        version=left,
        changed_at=move.changed_at,
        changed_by=move.changed_by,
        reason=move.reason,
    )
    found = find_alias(session, move.model, PREVIOUS)
    if found is not None and found.version == left:
        return
    session.merge(previous)
    _remember(session, previous, left=None if found is None else found.version)


def _remember(session: Session, move: AliasRow, *, left: int | None) -> None:
    session.add(
        AliasMoveRow(
            model=move.model,
            alias=move.alias,
            version=move.version,
            left_version=left,
            changed_at=move.changed_at,
            changed_by=move.changed_by,
            reason=move.reason,
        )
    )
    session.flush()


def _conflict(session: Session, move: AliasRow, expected: int | None) -> ConflictError:
    found = find_alias(session, move.model, move.alias)
    return ConflictError(
        f"alias {move.alias} of {move.model}",
        expected=expected,
        found=None if found is None else found.version,
    )


def _record(row: AliasRow | AliasMoveRow) -> AliasRecord:
    return AliasRecord(
        model=row.model,
        alias=row.alias,
        version=row.version,
        changed_at=row.changed_at,
        changed_by=row.changed_by,
        reason=row.reason,
    )
