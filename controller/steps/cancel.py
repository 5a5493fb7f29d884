"""Cancel: stop a run that git no longer asks for. Recorded against the old revision."""

from controller.actions import CancelRun
from controller.context import Context, Tools
from controller.outcomes import Done, Outcome
from registry.records import Failure, RunRecord, RunState
from registry.store import events, runs


def cancel_run(context: Context, action: CancelRun) -> Outcome:
    """End the run that a newer commit made pointless."""
    run = context.observed.running
    assert run is not None, "the plan cancels what it saw running"
    cancel(context.tools, run, why=action.why)
    return Done()


def cancel(tools: Tools, run: RunRecord, *, why: str) -> None:
    """Kill the job and end its run as ``cancelled``, reason ``Superseded``."""
    tools.executor.kill(run.job)
    failure = Failure("Superseded", f"{run.kind} run {run.id} was cancelled: {why}")
    with tools.database.transaction() as session:
        now = tools.clock()
        runs.finish_run(session, run.id, state=RunState.CANCELLED, failure=failure, now=now)
        events.record_event(
            session,
            kind="RunCancelled",
            message=failure.message,
            model=run.model,
            trigger=run.trigger,
            revision=run.revision,
            data={"run": run.id},
            now=now,
        )
