"""Trials of searches. A row says what was proposed; what came of it stands with its digest.

A trial is known by the training digest of its own inputs. Its state is that of the newest run of
this digest, or of the version that has it: so a trial that was trained for an earlier search, or
as a version, has its value at once, and no second record of one fact can contradict the first.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from registry.records import (
    Failure,
    Json,
    RunKind,
    RunRecord,
    RunState,
    VersionRecord,
)
from registry.store.models import lock_model
from registry.store.runs import list_runs_of, stands_in_the_way
from registry.store.tables import TrialRow
from registry.store.versions import find_version
from registry.trial_records import TrialDraft, TrialRecord, TrialState
from specs.names import Digest


def record_trial(session: Session, draft: TrialDraft, *, now: datetime) -> None:
    """Record a proposal; nothing happens when the search has one of this number already.

    Raises:
        NotFoundError: the model is not declared.
    """
    lock_model(session, draft.model)
    if session.get(TrialRow, (draft.model, draft.search_digest, draft.number)) is None:
        row = TrialRow(
            model=draft.model,
            search_digest=draft.search_digest,
            number=draft.number,
            total=draft.of,
            digest=draft.digest,
            base=draft.base,
            parameters=dict(draft.parameters),
            metric=draft.metric,
            created_at=now,
        )
        session.add(row)
        session.flush()


def list_trials(
    session: Session,
    model: str,
    search_digest: Digest,
    *,
    forgiven_before: datetime | None = None,
    compute: Json | None = None,
) -> list[TrialRecord]:
    """The trials of one search, by number.

    Those that failed before ``forgiven_before``, or with another ``compute`` than is wanted now,
    are planned again.
    """
    rows = session.scalars(
        select(TrialRow)
        .where(TrialRow.model == model, TrialRow.search_digest == search_digest)
        .order_by(TrialRow.number)
    ).all()
    if not rows:
        return []
    digests = {Digest(row.digest) for row in rows}
    runs = list_runs_of(session, model, RunKind.TRIAL, digests)
    return [
        _record(
            row,
            _that_counts(runs.get(Digest(row.digest), ()), row, forgiven_before, compute),
            find_version(session, model, Digest(row.digest)),
        )
        for row in rows
    ]


def latest_search(session: Session, model: str) -> Digest | None:
    """The search of a model that a trial was last proposed for."""
    found = session.scalar(
        select(TrialRow.search_digest)
        .where(TrialRow.model == model)
        .order_by(TrialRow.created_at.desc(), TrialRow.number.desc())
        .limit(1)
    )
    return None if found is None else Digest(found)


def _that_counts(
    found: Sequence[RunRecord],
    row: TrialRow,
    forgiven_before: datetime | None,
    compute: Json | None,
) -> RunRecord | None:
    """The newest run that says something about this trial, of ``found``, newest first."""
    for run in found:
        if run.state is RunState.CANCELLED or _was_pruned_elsewhere(run, row.search_digest):
            continue
        if run.state is not RunState.FAILED or stands_in_the_way(
            run, forgiven_before=forgiven_before, compute=compute
        ):
            return run
    return None


def _was_pruned_elsewhere(run: RunRecord, search_digest: str) -> bool:
    trial = (run.result or {}).get("trial", {})
    return bool(trial.get("pruned")) and trial.get("search") != search_digest


def _record(row: TrialRow, run: RunRecord | None, version: VersionRecord | None) -> TrialRecord:
    has_result = run is not None and run.state is RunState.SUCCEEDED
    if version is not None and not has_result:
        came = _of_training(version.training, row.metric) | {"is_reused": True, "run_id": None}
    elif run is not None:
        came = _of_run(run, row)
    else:
        came = {"state": TrialState.PLANNED}
    nothing: dict[str, Any] = {
        "run_id": None,
        "value": None,
        "curve": (),
        "is_reused": False,
        "seconds": None,
        "failure": None,
    }
    return TrialRecord(
        model=row.model,
        search_digest=Digest(row.search_digest),
        number=row.number,
        of=row.total,
        digest=Digest(row.digest),
        base=row.base,
        parameters=row.parameters,
        metric=row.metric,
        created_at=row.created_at,
        version=None if version is None else version.number,
        **nothing | came,
    )


def _of_run(run: RunRecord, row: TrialRow) -> dict[str, Any]:
    said = {"run_id": run.id, "is_reused": run.started_at < row.created_at}
    if run.finished_at is not None:
        said["seconds"] = (run.finished_at - run.started_at).total_seconds()
    if run.state is RunState.RUNNING:
        return said | {"state": TrialState.RUNNING}
    if run.state is RunState.FAILED:
        return said | {"state": TrialState.FAILED, "failure": run.failure}
    result = run.result or {}
    trial = result.get("trial", {})
    said["curve"] = tuple(value for value in trial.get("curve", ()) if value is not None)
    if trial.get("pruned"):
        return said | {"state": TrialState.PRUNED}
    return said | _of_training(result.get("training", {}), row.metric)


def _of_training(training: Mapping[str, Any], metric: str) -> dict[str, Any]:
    value = (training.get("validation") or {}).get(metric)
    if value is not None:
        return {"state": TrialState.SUCCEEDED, "value": float(value)}
    problem = f"{metric} is not a number on the validation rows"
    return {"state": TrialState.FAILED, "failure": Failure("NotMeasured", problem)}
