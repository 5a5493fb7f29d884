"""Write a hold back to git, and end it when a person takes the pin out again."""

from datetime import timedelta

from controller.actions import ReleaseHold, RemovePin, WritePin
from controller.context import Context
from controller.errors import SourceError
from controller.outcomes import Deferred, Done, Outcome
from controller.source.edit import set_field
from registry.store import events, holds
from registry.store.database import Session
from specs.names import Revision

PIN = ("spec", "promotion", "pin")
TRY_AGAIN = timedelta(seconds=5)


def write_pin(context: Context, action: WritePin) -> Outcome:
    """Commit ``promotion.pin``; deferred, not failed, while git cannot be written."""
    why = f"Pin {context.model} to version {action.version}\n\n{action.why}"
    written = _say_in_git(context, action.version, message=why)
    if isinstance(written, Deferred):
        return written
    with context.tools.database.transaction() as session:
        holds.mark_written_back(session, action.hold_id, revision=written)
        message = f"promotion.pin: {action.version} stands in git at {written}"
        _event(session, context, "PinWritten", message)
    return Done()


def remove_pin(context: Context, action: RemovePin) -> Outcome:
    """Commit an empty ``promotion.pin``; deferred, not failed, while git cannot be written."""
    why = f"Let automation promote {context.model} again\n\n{action.why}"
    written = _say_in_git(context, None, message=why)
    if isinstance(written, Deferred):
        return written
    with context.tools.database.transaction() as session:
        holds.mark_release_written_back(session, action.hold_id, revision=written)
        _event(session, context, "PinRemoved", f"promotion.pin is empty in git at {written}")
    return Done()


def release_hold(context: Context, action: ReleaseHold) -> Outcome:
    """End the hold: git, where it was written, no longer says it."""
    tools, revision = context.tools, context.desired.revision
    with tools.database.transaction() as session:
        now = tools.clock()
        holds.release_hold(session, context.model, by="git", reason=action.why, now=now)
        holds.mark_release_written_back(session, action.hold_id, revision=revision)
        _event(session, context, "HoldReleased", f"the hold ended: {action.why}")
    return Done()


def _say_in_git(context: Context, pin: int | None, *, message: str) -> Revision | Deferred:
    """Return the revision that says so, which is the wanted one when it does already."""
    desired, tools = context.desired, context.tools
    if desired.model.spec.promotion.pin == pin:
        return desired.revision
    try:
        before = tools.repository.read_files(desired.revision, [desired.path])
        content = set_field(before[desired.path], PIN, pin)
        return tools.publisher.publish(desired.path, content, on=desired.revision, message=message)
    except SourceError as error:
        return Deferred(f"git, to write the pin back: {error}", recheck=TRY_AGAIN)


def _event(session: Session, context: Context, kind: str, message: str) -> None:
    events.record_event(
        session,
        kind=kind,
        message=message,
        model=context.model,
        trigger=context.trigger,
        revision=context.desired.revision,
        now=context.tools.clock(),
    )
