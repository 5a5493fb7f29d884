"""Prepare data: pull with DVC at the revision, check, clean, split. Sets ``DataReady``."""

import shutil
from collections.abc import Mapping
from typing import Any

from controller.actions import PrepareData
from controller.context import Context, Tools
from controller.data.prepared import REPORT
from controller.outcomes import Outcome
from controller.state import Desired
from controller.steps.run import RunRequest, advance
from controller.steps.train import as_job_input
from registry.data_reports import store_report
from registry.records import RunKind, RunRecord
from registry.store.database import Session
from specs.names import commit_of


def prepare_data(context: Context, action: PrepareData) -> Outcome:
    """Carry the data run on; its result is the folder of prepared rows, whole or not there."""
    request = RunRequest(
        RunKind.DATA,
        action.digest,
        make_job=lambda: data_job(context.tools, context.desired),
        collect=lambda _output, _result: _record,
        keep=lambda output: store_report(context.tools.artifacts, output / REPORT),
    )
    run = context.observed.running
    if run is None:
        # What stands there is not complete (the plan would not have asked), so it is in the way.
        shutil.rmtree(context.tools.prepared(context.desired), ignore_errors=True)
    return advance(context, request)


def data_job(tools: Tools, desired: Desired) -> dict[str, Any]:
    """What a data job is told."""
    training = desired.model.spec.training
    return {
        "task": desired.model.spec.task,
        "repo": repository_of(tools, desired),
        "data": desired.model.spec.data.model_dump(mode="json"),
        "hashes": dict(desired.hashes),
        "seed": training.seed,
        "base": as_job_input(desired.base),
        "max_length": training.arguments.max_length,
        "cache": str(tools.data_cache),
        "prepared": str(tools.prepared(desired)),
    }


def repository_of(tools: Tools, desired: Desired) -> dict[str, str]:
    """What a job is told of the repository at the wanted revision."""
    return {
        "url": tools.repository.url,
        "mirror": str(tools.repository.mirror),
        "commit": commit_of(desired.revision),
    }


def own_files_of(tools: Tools, desired: Desired) -> dict[str, Any] | None:
    """Where a job finds the files that ``evaluation`` names; None: it names none."""
    if not desired.own_hashes:
        return None
    return {
        "repo": repository_of(tools, desired),
        "hashes": dict(desired.own_hashes),
        "cache": str(tools.data_cache),
    }


def _record(_session: Session, _run: RunRecord, _result: Mapping[str, Any]) -> None:
    """Nothing beside the run itself: its result names the report."""
