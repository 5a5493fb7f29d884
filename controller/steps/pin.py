"""Write a hold back to git, and end it when a person takes the pin out again."""

from datetime import timedelta

from controller.actions import ReleaseHold, WritePin
from controller.context import Context
from controller.errors import SourceError
from controller.outcomes import Deferred, Done, Outcome
from controller.source.edit import set_field
from registry.store import events, holds
from specs.names import Revision

TRY_AGAIN = timedelta(seconds=5)


def write_pin(context: Context, action: WritePin) -> Outcome:
    """Commit ``promotion.pin``; deferred, not failed, while git cannot be written."""
    desired = context.desired
    if desired.model.spec.promotion.pin == action.version:
        return _mark(context, action, desired.revision)
    message = f"Pin {desired.name} to version {action.version}\n\n{action.why}"
    try:
        before = context.tools.repository.read_files(desired.revision, [desired.path])
        content = set_field(before[desired.path], ("spec", "promotion", "pin"), action.version)
        written = context.tools.publisher.publish(
            desired.path, content, on=desired.revision, message=message
        )
    except SourceError as error:
        return Deferred(f"git, to write the pin back: {error}", recheck=TRY_AGAIN)
    return _mark(context, action, written)


def _mark(context: Context, action: WritePin, revision: Revision) -> Outcome:
    tools = context.tools
    with tools.database.transaction() as session:
        holds.mark_written_back(session, action.hold_id, revision=revision)
        events.record_event(
            session,
            kind="PinWritten",
            message=f"promotion.pin: {action.version} stands in git at {revision}",
            model=context.model,
            trigger=context.trigger,
            revision=revision,
            data={"version": action.version},
            now=tools.clock(),
        )
    return Done()


def release_hold(context: Context, action: ReleaseHold) -> Outcome:
    """End the hold: git, where it was written, no longer says it."""
    tools = context.tools
    with tools.database.transaction() as session:
        now = tools.clock()
        holds.release_hold(session, context.model, by="git", reason=action.why, now=now)
        events.record_event(
            session,
            kind="HoldReleased",
            message=f"the hold ended: {action.why}",
            model=context.model,
            trigger=context.trigger,
            revision=context.desired.revision,
            now=now,
        )
    return Done()
