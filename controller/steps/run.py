"""Carry a run one look further: start its job, adopt it, resume it, or take its result.

A pass never waits for a job. It copies what the job said to the registry and comes back soon. The
result is recorded in the same transaction that ends the run, so a crash between the two repeats
the taking, and never loses or doubles what came out.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from controller.context import Context
from controller.executors.base import Finished, Job, Lost, Running
from controller.executors.output import read_output
from controller.outcomes import Done, Outcome, Stalled, Waiting
from registry.records import Failure, Progress, RunKind, RunRecord, RunState
from registry.store import events, run_output, runs
from registry.store.database import Session
from specs.names import Digest

LOOK_AGAIN = timedelta(seconds=0.5)
NO_SLOT_RECHECK = timedelta(seconds=1)
LONGEST_PAUSE = timedelta(minutes=5)

Record = Callable[[Session, RunRecord, Mapping[str, Any]], None]
"""Writes what the job brought into the registry, in the caller's transaction."""
Keep = Callable[[Path], Mapping[str, Any]]
"""Stores what a job leaves in its output; what it returns stands in the run's result."""


def keep_nothing(_output: Path) -> Mapping[str, Any]:
    """Leave the output to ``collect``."""
    return {}


@dataclass(frozen=True)
class RunRequest:
    """One expensive action, as a step asks for it."""

    kind: RunKind
    digest: Digest
    make_job: Callable[[], Mapping[str, Any]]
    """Makes the job's input; called only when the job is started for the first time."""
    collect: Callable[[Path, Mapping[str, Any]], Record]
    """Stores the job's files (slow, outside any transaction) and returns how to record them."""
    keep: Keep = keep_nothing
    """Called however the job ended: a failure may have to be understood from its files, too."""


def advance(context: Context, request: RunRequest) -> Outcome:
    """Move the run of ``request`` on by one look."""
    run = context.observed.running
    if run is None:
        return _start(context, request)
    assert (run.kind, run.digest) == (request.kind, request.digest), "the plan cancels others"
    tools = context.tools
    state = tools.executor.poll(tools.run_folder(run.id), run.job)
    run = _copy_output(context, run)
    match state:
        case Running():
            return _time_out(context, run) or Waiting(on=_describe(run), recheck=LOOK_AGAIN)
        case Finished(result=result) if result["ok"]:
            return _succeed(context, run, request, result)
        case Finished(result=result):
            failure = Failure(
                result["reason"], result["message"], result["fix"],
                is_transient=result["is_transient"],
            )  # fmt: skip
            return _fail_or_pause(context, run, request, failure)
        case Lost(reason=reason, detail=detail, fix=fix):
            problem = f"the {run.kind} process was lost" + (f": {detail}" if detail else "")
            lost = Failure(reason, problem, fix, is_transient=True)
            return _resume(context, run, request, lost)


def _start(context: Context, request: RunRequest) -> Outcome:
    tools = context.tools
    job = request.make_job()
    with tools.database.transaction() as session:
        # The count and the start are one transaction: two models never take the last slot both.
        busy = [run for run in runs.list_running(session) if _takes_a_slot(context, run)]
        if len(busy) >= tools.settings.concurrent_jobs:
            return Waiting(f"a free slot; {busy[0].model} is running", recheck=NO_SLOT_RECHECK)
        run = runs.start_run(
            session,
            model=context.model,
            kind=request.kind,
            digest=request.digest,
            revision=context.desired.revision,
            trigger=context.trigger,
            job={},
            now=tools.clock(),
        )
    folder = tools.run_folder(run.id)
    tools.executor.prepare(folder, job)
    started = _with_terms(context, tools.executor.start(run.kind, folder))
    with tools.database.transaction() as session:
        runs.set_run_job(session, run.id, started)
        message = f"{run.kind} run {run.id} started"
        _event(session, context, run, kind="RunStarted", message=message)
    return Waiting(on=_describe(run), recheck=LOOK_AGAIN)


def _takes_a_slot(context: Context, run: RunRecord) -> bool:
    # A run whose spec has become invalid is not looked at: its end must not keep others waiting.
    # One without a job is being started this very moment, by a look at another model.
    tools = context.tools
    return not run.job or isinstance(
        tools.executor.poll(tools.run_folder(run.id), run.job), Running
    )


def _copy_output(context: Context, run: RunRecord) -> RunRecord:
    output = read_output(context.tools.run_folder(run.id), run.job)
    if output.job == run.job:
        return run
    with context.tools.database.transaction() as session:
        run_output.append_log(session, run.id, output.lines)
        run_output.append_points(session, run.id, output.points)
        runs.set_run_job(session, run.id, output.job)
        if output.progress is not None:
            runs.report_progress(session, run.id, output.progress)
        for kind, message in output.events:
            _event(session, context, run, kind=kind, message=f"{run.kind} run {run.id}: {message}")
    return replace(run, job=output.job, progress=output.progress or run.progress)


def _succeed(
    context: Context, run: RunRecord, request: RunRequest, result: Mapping[str, Any]
) -> Outcome:
    tools = context.tools
    output = tools.run_folder(run.id) / "output"
    record = request.collect(output, result)
    result = {**result, **request.keep(output)}
    with tools.database.transaction() as session:
        record(session, run, result)
        now = tools.clock()
        runs.finish_run(session, run.id, state=RunState.SUCCEEDED, result=result, now=now)
        seconds = (now - run.started_at).total_seconds()
        message = f"{run.kind} run {run.id} succeeded after {seconds:.0f} s"
        _event(session, context, run, kind="RunSucceeded", message=message)
    return Done()


def _fail_or_pause(
    context: Context, run: RunRecord, request: RunRequest, failure: Failure
) -> Outcome:
    if not failure.is_transient:
        kept = request.keep(context.tools.run_folder(run.id) / "output")
        return _fail(context, run, failure, result=kept or None)
    pause = min(timedelta(seconds=2**run.attempt), LONGEST_PAUSE)
    result = context.tools.run_folder(run.id) / "result.json"
    age = context.tools.clock().timestamp() - result.stat().st_mtime
    if age < pause.total_seconds():
        on = f"{failure.message}; next try in {pause.total_seconds() - age:.0f} s"
        return Waiting(f"{on} ({failure.fix})" if failure.fix else on, recheck=LOOK_AGAIN)
    result.unlink()
    return _resume(context, run, request, failure)


def _resume(context: Context, run: RunRecord, request: RunRequest, failure: Failure) -> Outcome:
    tools = context.tools
    if run.attempt >= tools.settings.max_attempts:
        return _fail(context, run, replace(failure, is_transient=False))
    folder = tools.run_folder(run.id)
    if not (folder / "job.json").exists():
        # The controller was killed between the record and the job.
        tools.executor.prepare(folder, request.make_job())
    job = _with_terms(context, tools.executor.start(run.kind, folder, before=run.job))
    with tools.database.transaction() as session:
        runs.restart_run(session, run.id, job=job)
        message = f"{failure.message}; {run.kind} run {run.id} resumes (attempt {run.attempt + 1})"
        _event(session, context, run, kind="RunResumed", message=message)
    return Waiting(on=f"{run.kind} run {run.id}, resumed", recheck=LOOK_AGAIN)


def _with_terms(context: Context, job: Job) -> Job:
    # A resumed job keeps its own: what it is allowed stands in its folder since it was prepared,
    # and what success means was fixed when it started.
    desired = context.desired
    return {runs.COMPUTE: desired.compute, runs.GATES: desired.digests.criteria, **job}


def _time_out(context: Context, run: RunRecord) -> Outcome | None:
    limit = timedelta(minutes=context.desired.model.spec.compute.timeout_minutes)
    if context.tools.clock() - run.started_at < limit:
        return None
    context.tools.executor.kill(run.job)
    with context.tools.database.transaction() as session:
        # A commit may have given it more time since it was started.
        compute = {runs.COMPUTE: context.desired.compute}
        runs.set_run_job(session, run.id, dict(run.job) | compute)
    minutes = f"{limit.total_seconds() / 60:g}"
    failure = Failure(
        "TimedOut",
        f"the {run.kind} run took longer than {minutes} minutes",
        "raise compute.timeout_minutes, or train on fewer rows or epochs",
    )
    return _fail(context, run, failure)


def _fail(
    context: Context,
    run: RunRecord,
    failure: Failure,
    *,
    result: Mapping[str, Any] | None = None,
) -> Outcome:
    with context.tools.database.transaction() as session:
        runs.finish_run(
            session,
            run.id,
            state=RunState.FAILED,
            result=result,
            failure=failure,
            now=context.tools.clock(),
        )
        message = f"{run.kind} run {run.id}: {failure.message}"
        _event(session, context, run, kind="RunFailed", message=message)
    return Stalled(failure)


def _event(session: Session, context: Context, run: RunRecord, *, kind: str, message: str) -> None:
    events.record_event(
        session,
        kind=kind,
        message=message,
        model=run.model,
        trigger=run.trigger,
        revision=run.revision,
        data={"run": run.id, "kind": run.kind, "digest": run.digest},
        now=context.tools.clock(),
    )


def _describe(run: RunRecord) -> str:
    progress: Progress | None = run.progress
    if progress is None:
        return f"{run.kind} run {run.id}, starting"
    share = f" {progress.ratio:.0%}" if progress.steps else ""
    left = f", about {progress.eta_seconds:.0f} s left" if progress.eta_seconds else ""
    return f"{run.kind} run {run.id}: {progress.phase}{share}{left}"
