"""Conditions: the latest statement of each type about each model."""

from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy import select
from sqlalchemy.orm import Session

from registry.records import Json
from registry.store.models import lock_model
from registry.store.tables import ConditionRow
from specs.conditions import Condition, ConditionStatus, ConditionType
from specs.names import Revision

Conditions = dict[ConditionType, Condition]


def write_conditions(session: Session, model: str, conditions: Sequence[Condition]) -> None:
    """Put each condition in place of the stored one of its type; other types stay.

    ``last_transition_time`` is kept while the status is unchanged.

    Raises:
        NotFoundError: the model is not declared.
    """
    stored = read_conditions(session, model)
    if not stored:
        lock_model(session, model)
    for condition in conditions:
        before = stored.get(condition.type)
        if before is not None and before.status is condition.status:
            condition = replace(  # noqa: PLW2901  (the same statement, at its own time)
                condition, last_transition_time=before.last_transition_time
            )
        if condition != before:
            session.merge(ConditionRow(model=model, **_columns(condition)))
    session.flush()


def read_conditions(session: Session, model: str) -> Conditions:
    """Type → condition, for the types that were ever written, in their declared order."""
    return read_all_conditions(session, model=model).get(model, {})


def read_all_conditions(session: Session, *, model: str | None = None) -> dict[str, Conditions]:
    """Model → type → condition, in one query; of one model when it is given."""
    query = select(ConditionRow)
    if model is not None:
        query = query.where(ConditionRow.model == model)
    order = list(ConditionType)
    found: dict[str, Conditions] = {}
    rows = sorted(session.scalars(query), key=lambda row: order.index(ConditionType(row.type)))
    for row in rows:
        condition = _record(row)
        found.setdefault(row.model, {})[condition.type] = condition
    return found


def _columns(condition: Condition) -> Json:
    return {
        "type": condition.type.value,
        "status": condition.status.value,
        "reason": condition.reason,
        "message": condition.message,
        "observed_revision": condition.observed_revision,
        "last_transition_time": condition.last_transition_time,
    }


def _record(row: ConditionRow) -> Condition:
    return Condition(
        type=ConditionType(row.type),
        status=ConditionStatus(row.status),
        reason=row.reason,
        message=row.message,
        observed_revision=(
            None if row.observed_revision is None else Revision(row.observed_revision)
        ),
        last_transition_time=row.last_transition_time,
    )
