"""Estimate: check every row and say what the training takes. Its run keeps the answer.

Nothing is set when it goes well; a row that does not fit, or memory that does not suffice, makes
``Trained`` False before anything is spent.
"""

from collections.abc import Mapping
from typing import Any

from controller.actions import EstimateCost
from controller.context import Context, Tools
from controller.outcomes import Outcome
from controller.state import Desired
from controller.steps.data import own_files_of
from controller.steps.run import RunRequest, advance
from controller.steps.train import as_job_input
from registry.records import RunKind, RunRecord, VersionRecord
from registry.store import events, versions
from registry.store.database import Session
from specs.data import Data
from specs.searching import concrete, trial_count

REMEMBERED = 40
"""Of the newest trained versions, whatever their model, so many are offered to learn from."""


def estimate_cost(context: Context, action: EstimateCost) -> Outcome:
    """Carry the cost run on; its result is the plan that the version will stand beside."""
    request = RunRequest(
        RunKind.ESTIMATE,
        action.digest,
        make_job=lambda: cost_job(context.tools, context.desired),
        collect=lambda _output, _result: (
            lambda session, run, result: _tell(context, session, run, result)
        ),
    )
    return advance(context, request)


def cost_job(tools: Tools, desired: Desired) -> dict[str, Any]:
    """What a cost job is told; of a search, it is about one trial with the declared values."""
    spec = desired.model.spec
    with tools.database.reading() as session:
        earlier = versions.list_trained_from(session, desired.base.revision, limit=REMEMBERED)
    return {
        "task": spec.task,
        "model": desired.name,
        "training": concrete(spec, {}).training.model_dump(mode="json"),
        "trials": trial_count(spec),
        "files": _files(spec.data),
        "compute": spec.compute.model_dump(mode="json"),
        "base": as_job_input(desired.base),
        "prepared": str(tools.prepared(desired)),
        "threads": tools.executor.threads,
        **_asked_of_others(tools, desired),
        "earlier": [_as_past(version) for version in earlier if not _is_of_a_search(version)],
    }


def _asked_of_others(tools: Tools, desired: Desired) -> dict[str, Any]:
    """What the job needs to try a judge, and the harness's tasks, before a training."""
    evaluation = desired.model.spec.evaluation
    if evaluation.judge is None and not evaluation.lm_eval:
        return {}
    return {
        "evaluation": evaluation.model_dump(mode="json", include={"judge", "lm_eval"}),
        "own_files": own_files_of(tools, desired),
    }


def _files(data: Data) -> dict[str, str]:
    """Split → the file that its rows, and their numbers, are of."""
    validation = data.validation
    return {
        "train": data.train,
        "validation": validation if isinstance(validation, str) else data.train,
    }


def _is_of_a_search(version: VersionRecord) -> bool:
    # Its plan was about other values than those that won.
    return "search" in version.lineage


def _as_past(version: VersionRecord) -> dict[str, Any]:
    size = sum(blob.size_bytes for blob in version.files.values())
    return {"training": dict(version.training), "artifact_bytes": size}


def _tell(context: Context, session: Session, run: RunRecord, result: Mapping[str, Any]) -> None:
    for warning in (result.get("costs") or {}).get("warnings", ()):
        events.record_event(
            session,
            kind="CostWarning",
            message=warning,
            model=run.model,
            trigger=run.trigger,
            revision=run.revision,
            now=context.tools.clock(),
        )
