"""Runs: attempts at expensive actions. One active run per model, held by an index."""

import base64
import secrets
from collections.abc import Collection
from dataclasses import asdict
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from registry.errors import ConflictError, NotFoundError
from registry.records import Failure, Json, Progress, RunKind, RunRecord, RunState
from registry.store.models import lock_model
from registry.store.payloads import read_failure, read_progress
from registry.store.tables import RunRow
from specs.names import Digest, Revision

COMPUTE = "compute"
"""In a run's ``job``: the section of the spec that it runs, or failed, with."""
GATES = "gates"
"""In a run's ``job``, and in a version's lineage: digest of the gates declared when it started."""


def start_run(  # noqa: PLR0913  (the fields of one row, all keywords)
    session: Session,
    *,
    model: str,
    kind: RunKind,
    digest: Digest,
    revision: Revision,
    trigger: str,
    job: Json,
    now: datetime,
) -> RunRecord:
    """Record that a run begins.

    Raises:
        ConflictError: a run of this model is running already.
        NotFoundError: the model is not declared.
    """
    lock_model(session, model)
    running = find_running(session, model)
    if running is not None:
        raise ConflictError(f"the active run of {model}", expected=None, found=running.id)
    row = RunRow(
        id=_new_id(),
        model=model,
        kind=kind.value,
        digest=digest,
        revision=revision,
        trigger=trigger,
        state=RunState.RUNNING.value,
        attempt=1,
        job=dict(job),
        started_at=now,
    )
    session.add(row)
    session.flush()
    return _record(row)


def get_run(session: Session, run_id: str) -> RunRecord:
    """Return one run.

    Raises:
        NotFoundError: there is none.
    """
    return _record(_row(session, run_id))


def find_running(session: Session, model: str) -> RunRecord | None:
    """Return the one active run of a model, or None."""
    row = session.scalar(
        select(RunRow).where(RunRow.model == model, RunRow.state == RunState.RUNNING.value)
    )
    return None if row is None else _record(row)


def latest_run(session: Session, model: str, kind: RunKind, digest: Digest) -> RunRecord | None:
    """Return the newest run of this kind for this digest, or None."""
    row = session.scalar(
        select(RunRow)
        .where(RunRow.model == model, RunRow.kind == kind.value, RunRow.digest == digest)
        .order_by(RunRow.sequence.desc())
        .limit(1)
    )
    return None if row is None else _record(row)


def latest_ended(session: Session, model: str, kind: RunKind) -> RunRecord | None:
    """Return the newest run of this kind that succeeded or failed, or None."""
    ended = (RunState.SUCCEEDED.value, RunState.FAILED.value)
    row = session.scalar(
        select(RunRow)
        .where(RunRow.model == model, RunRow.kind == kind.value, RunRow.state.in_(ended))
        .order_by(RunRow.sequence.desc())
        .limit(1)
    )
    return None if row is None else _record(row)


def stands_in_the_way(
    run: RunRecord, *, forgiven_before: datetime | None, compute: Json | None
) -> bool:
    """Whether the failure of ``run`` keeps the same from being tried again.

    It does not once somebody has asked for another try, or where the spec now gives it another
    ``compute`` than it failed with: another machine, more memory, more time.
    """
    if run.state is not RunState.FAILED:
        return False
    ended = run.finished_at or run.started_at
    is_forgiven = forgiven_before is not None and ended <= forgiven_before
    return not is_forgiven and (compute is None or run.job.get(COMPUTE, compute) == compute)


def list_runs_of(
    session: Session, model: str, kind: RunKind, digests: Collection[Digest]
) -> dict[Digest, list[RunRecord]]:
    """The runs of this kind for each of these digests, newest first."""
    rows = session.scalars(
        select(RunRow)
        .where(RunRow.model == model, RunRow.kind == kind.value, RunRow.digest.in_(digests))
        .order_by(RunRow.sequence.desc())
    )
    found: dict[Digest, list[RunRecord]] = {}
    for row in rows:
        found.setdefault(Digest(row.digest), []).append(_record(row))
    return found


def list_runs(session: Session, model: str, *, limit: int = 50) -> list[RunRecord]:
    """The runs of a model, newest first."""
    rows = session.scalars(
        select(RunRow).where(RunRow.model == model).order_by(RunRow.sequence.desc()).limit(limit)
    )
    return [_record(row) for row in rows]


def list_running(session: Session) -> list[RunRecord]:
    """All active runs, oldest first."""
    rows = session.scalars(
        select(RunRow).where(RunRow.state == RunState.RUNNING.value).order_by(RunRow.sequence)
    )
    return [_record(row) for row in rows]


def restart_run(session: Session, run_id: str, *, job: Json) -> RunRecord:
    """Record that a lost process was replaced by another one, which resumes its work.

    Raises:
        ConflictError: the run is not running any more.
    """
    row = _running_row(session, run_id)
    row.attempt += 1
    row.job = dict(job)
    session.flush()
    return _record(row)


def set_run_job(session: Session, run_id: str, job: Json) -> None:
    """Record how the run's process is found again."""
    _row(session, run_id).job = dict(job)


def report_progress(session: Session, run_id: str, progress: Progress) -> None:
    """Record where the running job is; a run that has ended keeps its last word."""
    row = _row(session, run_id)
    if row.state == RunState.RUNNING.value:
        row.progress = asdict(progress)


def finish_run(
    session: Session,
    run_id: str,
    *,
    state: RunState,
    result: Json | None = None,
    failure: Failure | None = None,
    now: datetime,
) -> RunRecord:
    """Record how a run ended. Saying the same again changes nothing.

    Raises:
        ConflictError: the run has ended otherwise.
    """
    row = _row(session, run_id)
    if row.state == state.value and row.finished_at is not None:
        return _record(row)
    row = _running_row(session, run_id)
    row.state = state.value
    row.result = None if result is None else dict(result)
    row.failure = None if failure is None else asdict(failure)
    row.finished_at = now
    session.flush()
    return _record(row)


def _new_id() -> str:
    return "r-" + base64.b32encode(secrets.token_bytes(7)).decode().lower()[:10]


def _row(session: Session, run_id: str) -> RunRow:
    row = session.scalar(select(RunRow).where(RunRow.id == run_id))
    if row is None:
        raise NotFoundError("run", run_id)
    return row


def _running_row(session: Session, run_id: str) -> RunRow:
    row = session.scalar(select(RunRow).where(RunRow.id == run_id).with_for_update())
    if row is None:
        raise NotFoundError("run", run_id)
    if row.state != RunState.RUNNING.value:
        raise ConflictError(
            f"the state of run {run_id}", expected=RunState.RUNNING.value, found=row.state
        )
    return row


def _record(row: RunRow) -> RunRecord:
    return RunRecord(
        id=row.id,
        model=row.model,
        kind=RunKind(row.kind),
        digest=Digest(row.digest),
        revision=Revision(row.revision),
        trigger=row.trigger,
        state=RunState(row.state),
        attempt=row.attempt,
        job=row.job,
        progress=read_progress(row.progress),
        result=row.result,
        failure=read_failure(row.failure),
        started_at=row.started_at,
        finished_at=row.finished_at,
    )
