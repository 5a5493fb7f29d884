"""Evaluate: measure a stored version on the held-out rows. Sets ``Evaluated``."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from controller.actions import Evaluate
from controller.context import Context
from controller.outcomes import Outcome
from controller.steps.data import own_files_of
from controller.steps.mitigated import worth_of_mitigation
from controller.steps.run import Record, RunRequest, advance
from controller.steps.train import as_job_input
from registry.artifacts.folders import materialise, put_folder
from registry.bases import ResolvedBase
from registry.evidence import is_worn, worn_words
from registry.records import Estimate, EvaluationDraft, RunKind, RunRecord, VersionRecord
from registry.store import evaluations, events, versions
from registry.store.database import Session
from specs.gates import compares_with_base

METRICS_FILE = "metrics.json"


def evaluate(context: Context, action: Evaluate) -> Outcome:
    """Carry the evaluation run on; when it has finished, its output becomes evidence."""
    with context.tools.database.reading() as session:
        version = versions.find_version(session, context.model, action.training_digest)
    assert version is not None, "the plan trains before it evaluates"
    request = RunRequest(
        RunKind.EVALUATE,
        action.digest,
        make_job=lambda: _job(context, version),
        collect=lambda output, _result: _collect(context, version, output),
    )
    return advance(context, request)


def _job(context: Context, version: VersionRecord) -> Mapping[str, Any]:
    tools, spec = context.tools, context.desired.model.spec
    folder = tools.settings.home.absolute() / "versions" / f"{version.model}-{version.number}"
    materialise(tools.artifacts, version.files, folder)
    return {
        "task": spec.task,
        "version": str(folder),
        "base": as_job_input(_base_of(context, version)),
        "prepared": str(tools.prepared(context.desired)),
        "metrics": list(spec.metrics),
        "near_leakage": spec.data.checks.near_leakage,
        "evaluation": spec.evaluation.model_dump(mode="json"),
        "seed": spec.training.seed,
        "own_files": own_files_of(tools, context.desired),
        "judge_scores": str(tools.judge_scores(context.model)),
        "compares_with_base": compares_with_base(spec.gates),
        "threads": tools.executor.threads,
    }


def _base_of(context: Context, version: VersionRecord) -> ResolvedBase:
    # The live version may stand on another base than the one that is wanted now.
    base = version.lineage["base"]
    desired = context.desired.base
    if (base["model"], base["revision"]) == (desired.model, desired.revision):
        return desired
    return context.tools.resolve_base(base["model"], base["revision"])


def _collect(context: Context, version: VersionRecord, output: Path) -> Record:
    measured = json.loads((output / METRICS_FILE).read_text())
    worth = worth_of_mitigation(context, version, measured, output)
    report = measured["report"] | ({} if worth is None else {"mitigation": worth})
    files = put_folder(context.tools.artifacts, output)
    desired = context.desired

    def record(session: Session, run: RunRecord, _result: Mapping[str, Any]) -> None:
        draft = EvaluationDraft(
            model=version.model,
            version=version.number,
            evaluation_digest=run.digest,
            run_id=run.id,
            metrics=_estimates(measured["metrics"]),
            slices={name: _estimates(found) for name, found in measured["slices"].items()},
            report=report,
            files=files,
            measurement_digest=desired.digests.measurement,
            test_digest=desired.test_digest,
        )
        before = evaluations.count_candidates(session, desired.test_digest)
        evaluations.record_evaluation(session, draft, now=context.tools.clock())
        _warn_of_wear(context, session, run, before)

    return record


def _warn_of_wear(context: Context, session: Session, run: RunRecord, before: int) -> None:
    """Tell when a held-out file has judged one more candidate than it should."""
    data = context.desired.model.spec.data
    candidates = evaluations.count_candidates(session, context.desired.test_digest)
    if candidates == before or not is_worn(candidates, data.warn_after_candidates):
        return
    events.record_event(
        session,
        kind="TestFileWorn",
        message=worn_words(data.test, candidates, data.warn_after_candidates),
        model=run.model,
        trigger=run.trigger,
        revision=run.revision,
        data={"candidates": candidates, "test_digest": context.desired.test_digest},
        now=context.tools.clock(),
    )


def _estimates(measured: Mapping[str, Any]) -> dict[str, Estimate]:
    return {name: Estimate(**value) for name, value in measured.items()}
