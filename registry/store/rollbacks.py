"""Rollback: one transaction that waits for nothing, neither training nor git nor data."""

from datetime import datetime

from sqlalchemy.orm import Session

from registry.errors import RefusedError
from registry.records import RollbackRecord, VersionRecord
from registry.store.aliases import find_alias, move_alias
from registry.store.events import record_event
from registry.store.holds import lift_quarantine, list_quarantined, place_hold, quarantine
from registry.store.models import lock_model
from registry.store.triggers import request_look
from registry.store.verdicts import has_ever_passed
from registry.store.versions import get_version
from specs.names import LIVE, PREVIOUS


def roll_back(
    session: Session, model: str, *, to: int | None, reason: str, by: str, now: datetime
) -> RollbackRecord:
    """Make an earlier version live, hold it there, and quarantine the digest that is left.

    Args:
        session: the caller's transaction; everything below happens in it, or nothing does.
        model: the model's name.
        to: the version to go to; None goes to where ``previous`` points, unless that version
            is in quarantine: rolling back twice must not bring the bad version back.
        reason: why, in a person's words.
        by: who.
        now: aware UTC.

    Raises:
        NotFoundError: there is no such model or version.
        RefusedError: nothing is live, there is nothing to go back to, or the target is live
            already, never passed its gates, or is in quarantine and was not named.
    """
    lock_model(session, model)
    left = _live_version(session, model)
    target = _target(session, left, to)
    move_alias(
        session, model, LIVE, to=target.number, expected=left.number, by=by, reason=reason, now=now
    )
    hold = place_hold(session, model, version=target.number, reason=reason, by=by, now=now)
    quarantine(session, model, left.training_digest, reason=reason, by=by, now=now)
    lift_quarantine(session, model, target.training_digest)
    said = f"{by} rolled back from version {left.number} to {target.number}: {reason}"
    record_event(
        session,
        kind="RolledBack",
        message=said,
        model=model,
        trigger="rollback",
        revision=target.revision,
        data={"left": left.number, "to": target.number, "by": by, "reason": reason},
        now=now,
    )
    request_look(session, model=model, kind="rollback", message=said, now=now)
    return RollbackRecord(
        model=model,
        left=left.number,
        to=target.number,
        hold=hold,
        quarantined=left.training_digest,
    )


def _live_version(session: Session, model: str) -> VersionRecord:
    live = find_alias(session, model, LIVE)
    if live is None:
        raise RefusedError(
            f"{model} has no live version to roll back from",
            fix="wait until a version is promoted",
        )
    return get_version(session, model, live.version)


def _target(session: Session, left: VersionRecord, to: int | None) -> VersionRecord:
    model = left.model
    if to is None:
        previous = find_alias(session, model, PREVIOUS)
        if previous is None:
            raise RefusedError(
                f"{model} has no previous version: version {left.number} is the first one live",
                fix="name a version that passed its gates with --to",
            )
        to = previous.version
        _refuse_quarantined(session, get_version(session, model, to))
    target = get_version(session, model, to)
    if target.number == left.number:
        raise RefusedError(
            f"version {to} of {model} is live already",
            fix="name another version with --to",
        )
    if not has_ever_passed(session, model, to):
        raise RefusedError(
            f"version {to} of {model} never passed its gates",
            fix="name a version whose state is passed; `trueup versions` lists them",
        )
    return target


def _refuse_quarantined(session: Session, target: VersionRecord) -> None:
    for record in list_quarantined(session, target.model):
        if record.training_digest == target.training_digest:
            raise RefusedError(
                f"the previous version {target.number} of {target.model} is in quarantine: "
                f"{record.reason}",
                fix=f"name a version with --to; --to {target.number} goes there all the same",
            )
