"""Train: adapt the base in a child process and register the version. Sets ``Trained``."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from controller.actions import Train
from controller.context import Context
from controller.data.prepared import REPORT
from controller.outcomes import Outcome, Stalled
from controller.state import Desired
from controller.steps.declared_labels import unknown_outcome
from controller.steps.run import Record, RunRequest, advance
from registry.artifacts.folders import put_folder, refuse_pickles
from registry.base_licences import declared_licence
from registry.bases import ResolvedBase
from registry.data_reports import store_report
from registry.records import RunKind, RunRecord, RunState, VersionDraft
from registry.store import aliases, events, runs, versions
from registry.store.database import Session
from specs.names import CANDIDATE
from specs.training import Training


def train(context: Context, action: Train) -> Outcome:
    """Carry the training run on; when it has finished, its output becomes a version."""
    unknown = unknown_outcome(context)
    if unknown is not None:
        return Stalled(unknown)
    request = RunRequest(
        RunKind.TRAIN,
        action.digest,
        make_job=lambda: _job(context),
        collect=lambda output, result: _collect(context, output, result),
    )
    return advance(context, request)


def _job(context: Context) -> Mapping[str, Any]:
    desired = context.desired
    return training_job(context, desired.model.spec.training, desired.base)


def training_job(context: Context, training: Training, base: ResolvedBase) -> dict[str, Any]:
    """The input of a job that trains ``base`` as ``training`` says, on the wanted rows."""
    tools = context.tools
    return {
        "task": context.desired.model.spec.task,
        "model": context.model,
        "training": training.model_dump(mode="json"),
        "compute": context.desired.model.spec.compute.model_dump(mode="json"),
        "base": as_job_input(base),
        "prepared": str(tools.prepared(context.desired)),
        "threads": tools.executor.threads,
    }


def base_in_lineage(base: ResolvedBase) -> dict[str, str]:
    """A resolved base, as a version remembers it."""
    licence = declared_licence(base.folder)
    return {"model": base.model, "revision": base.revision, **licence}


def as_job_input(base: ResolvedBase) -> dict[str, str]:
    """A resolved base, as jobs are told of it."""
    return {"model": base.model, "revision": base.revision, "folder": str(base.folder)}


def _collect(context: Context, output: Path, result: Mapping[str, Any]) -> Record:
    refuse_pickles(output)
    files = put_folder(context.tools.artifacts, output)
    desired, report = context.desired, data_report(context)

    def record(session: Session, run: RunRecord, _result: Mapping[str, Any]) -> None:
        now = context.tools.clock()
        draft = VersionDraft(
            model=context.model,
            training_digest=run.digest,
            revision=run.revision,
            run_id=run.id,
            files=files,
            lineage={
                "inputs": desired.training_inputs,
                "base": base_in_lineage(desired.base),
                "data": dict(desired.hashes),
                "libraries": result["libraries"],
                "machine": result["machine"],
                "mitigation": result["training"].get("mitigation", {}),
                **report,
                runs.GATES: run.job.get(runs.GATES),
            },
            training=dict(result["training"])
            | {
                "run_seconds": round((now - run.started_at).total_seconds(), 2),
                "planned": planned_costs(session, desired),
            },
        )
        message = "version {} was trained"
        register(context, session, draft, trigger=run.trigger, message=message)

    return record


def data_report(context: Context) -> Mapping[str, Any]:
    """The report on the rows that were trained on, for the lineage."""
    folder = context.tools.prepared(context.desired)
    return store_report(context.tools.artifacts, folder / REPORT)


def planned_costs(session: Session, desired: Desired) -> Mapping[str, Any] | None:
    """What the wanted training was said to cost, or None: it stands beside what it did cost."""
    run = runs.latest_run(session, desired.name, RunKind.ESTIMATE, desired.digests.estimate)
    if run is None or run.state is not RunState.SUCCEEDED or run.result is None:
        return None
    costs: Mapping[str, Any] | None = run.result.get("costs")
    return costs


def register(
    context: Context, session: Session, draft: VersionDraft, *, trigger: str, message: str
) -> None:
    """Record the version, point ``candidate`` at it, and tell; ``message`` takes its number."""
    now = context.tools.clock()
    version = versions.record_version(session, draft, now=now)
    at = aliases.find_alias(session, context.model, CANDIDATE)
    aliases.move_alias(
        session,
        context.model,
        CANDIDATE,
        to=version.number,
        expected=at.version if at else None,
        by="trueup",
        reason="newest trained version",
        now=now,
    )
    events.record_event(
        session,
        kind="VersionRegistered",
        message=message.format(version.number),
        model=context.model,
        trigger=trigger,
        revision=draft.revision,
        data={"version": version.number, "training_digest": version.training_digest},
        now=now,
    )
