"""Write down what a look came to: conditions that changed, and an event for each that matters."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import PurePosixPath

from controller.context import Tools
from controller.summarize import Pass, summarize, summarize_unusable, waiting_for
from registry.records import ModelRecord
from registry.store import conditions, events, models, standings
from registry.store.database import Session
from specs.conditions import Condition, ConditionStatus, ConditionType
from specs.errors import SpecError, TrueupError
from specs.loader import LoadedSpec
from specs.names import Revision

TELLING = {
    (ConditionType.READY, ConditionStatus.TRUE): "Ready",
    (ConditionType.STALLED, ConditionStatus.TRUE): "Stalled",
    (ConditionType.DATA_DRIFT_DETECTED, ConditionStatus.TRUE): "DataDriftDetected",
    (ConditionType.DATA_DRIFT_DETECTED, ConditionStatus.FALSE): "DataDriftEnded",
    (ConditionType.SOURCE_VERIFIED, ConditionStatus.FALSE): "SourceUnreachable",
}
"""Changes of a condition that are worth an event, and its kind."""


def record_pass(tools: Tools, look: Pass, *, trigger: str) -> None:
    """Record the conditions of a model after a look, and what it waits for."""
    now = tools.clock()
    _record_standings(tools, look)
    found = summarize(look, now=now)
    _record(tools, look.desired.name, found, waits=waiting_for(look), trigger=trigger, now=now)


def _record_standings(tools: Tools, look: Pass) -> None:
    """Say which stored evidence counts now, where that has changed: a revert measures nothing."""
    seen = (look.observed.wanted, look.observed.live, *look.observed.earlier)
    found = {one.version.number: one.standing for one in seen if one is not None}
    changed = {
        number: standing
        for number, standing in found.items()
        if standing is not None and standing != look.observed.standings.get(number)
    }
    if not changed:
        return
    with tools.database.transaction() as session:
        for number, standing in changed.items():
            standings.set_standing(session, look.desired.name, number, standing)


def record_unusable(
    tools: Tools, name: str, error: TrueupError, *, at: Revision, trigger: str
) -> None:
    """Record that what git wants of ``name`` at ``at`` cannot be worked out."""
    now = tools.clock()
    found = summarize_unusable(error, at=at, now=now)
    _record(tools, name, found, waits=error.told, trigger=trigger, now=now)


def record_invalid_spec(
    tools: Tools, name: str | None, errors: Sequence[SpecError], *, at: Revision
) -> None:
    """Record a spec file's errors on the model that it is, or was, about.

    ``name`` is what the file says; without one, what it said before, or else the file's own name.
    """
    path = errors[0].place.path
    with tools.database.transaction() as session:
        known = [model.name for model in models.list_models(session) if model.path == path]
        name = name or (known[0] if known else PurePosixPath(path).stem)
        models.declare_model(session, name, path=path, revision=at, spec=None, now=tools.clock())
    first, *others = errors
    more = f" (and {len(others)} more: trueup validate)" if others else ""
    told = SpecError(first.place, first.problem + more, fix=first.fix)
    record_unusable(tools, name, told, at=at, trigger="commit")


def record_notices(
    session: Session,
    loaded: LoadedSpec,
    before: ModelRecord | None,
    *,
    at: Revision,
    now: datetime,
) -> None:
    """Record the old names in a spec as an event, once for each change of the spec."""
    spec = loaded.spec.model_dump(mode="json")
    if not loaded.notices or (before is not None and before.spec == spec):
        return
    events.record_event(
        session,
        kind="OldNamesRead",
        message="; ".join(map(str, loaded.notices)),
        model=loaded.spec.name,
        trigger="commit",
        revision=at,
        data={"fields": [notice.place.field for notice in loaded.notices]},
        now=now,
    )


def _record(
    tools: Tools,
    name: str,
    found: Sequence[Condition],
    *,
    waits: str,
    trigger: str,
    now: datetime,
) -> None:
    with tools.database.reading() as session:
        before = conditions.read_conditions(session, name)
        waited = models.get_model(session, name).waiting_for
    changed = [condition for condition in found if not _says_the_same(before, condition)]
    if not changed and waited == waits:
        return  # most looks find nothing new, and then nothing is written
    with tools.database.transaction() as session:
        conditions.write_conditions(session, name, changed)
        models.set_waiting_for(session, name, waits)
        for condition in changed:
            _tell(session, name, condition, before, trigger=trigger, now=now)


def _says_the_same(before: dict[ConditionType, Condition], condition: Condition) -> bool:
    old = before.get(condition.type)
    return old is not None and (old.status, old.reason, old.message, old.observed_revision) == (
        condition.status,
        condition.reason,
        condition.message,
        condition.observed_revision,
    )


def _tell(
    session: Session,
    name: str,
    condition: Condition,
    before: dict[ConditionType, Condition],
    *,
    trigger: str,
    now: datetime,
) -> None:
    old = before.get(condition.type)
    kind = TELLING.get((condition.type, condition.status))
    if kind is None or (old is not None and old.status is condition.status):
        return
    if kind == "DataDriftEnded" and (old is None or old.status is not ConditionStatus.TRUE):
        return  # it never began
    events.record_event(
        session,
        kind=kind,
        message=condition.message,
        model=name,
        trigger=trigger,
        revision=condition.observed_revision,
        now=now,
    )
