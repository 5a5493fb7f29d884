"""Promote, and roll back: move ``live``. The gateway swaps because of this row, and no other."""

from controller.actions import Promote, RollBack
from controller.context import Context
from controller.outcomes import Done, Outcome
from registry.store import aliases, events, rollbacks, versions
from specs.names import LIVE


def promote(context: Context, action: Promote) -> Outcome:
    """Move ``live`` to the version, unless somebody moved it since we looked (ConflictError)."""
    live = context.observed.live
    tools = context.tools
    with tools.database.transaction() as session:
        version = versions.find_version(session, context.model, action.training_digest)
        assert version is not None, "the plan trains before it promotes"
        now = tools.clock()
        aliases.move_alias(
            session,
            context.model,
            LIVE,
            to=version.number,
            expected=live.version.number if live else None,
            by="trueup",
            reason=action.why,
            now=now,
        )
        before = f", after version {live.version.number}" if live else ""
        events.record_event(
            session,
            kind="Promoted",
            message=f"version {version.number} is live{before}: {action.why}",
            model=context.model,
            trigger=context.trigger,
            revision=context.desired.revision,
            data={"version": version.number},
            now=now,
        )
    return Done()


def roll_back(context: Context, action: RollBack) -> Outcome:
    """Go back as a person does: hold, quarantine, and a commit that follows."""
    with context.tools.database.transaction() as session:
        live = aliases.find_alias(session, context.model, LIVE)
        if live is not None and live.version == action.leaves:  # else somebody was faster
            rollbacks.roll_back(
                session,
                context.model,
                to=action.to,
                reason=action.why,
                by="trueup",
                now=context.tools.clock(),
            )
    return Done()
