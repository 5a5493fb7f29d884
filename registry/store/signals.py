"""Signals: what detectors say about traffic."""

from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from registry.store.payloads import read_number, stored_number
from registry.store.tables import SignalRow
from registry.traffic_records import SignalDraft, SignalRecord


def record_signal(session: Session, draft: SignalDraft, *, now: datetime) -> SignalRecord:
    """Append a signal."""
    row = SignalRow(
        at=now,
        model=draft.model,
        version=draft.version,
        detector=draft.detector,
        statistic=stored_number(draft.statistic),
        threshold=stored_number(draft.threshold),
        evidence_ratio=stored_number(draft.evidence_ratio),
        is_alarm=draft.is_alarm,
        n=draft.n,
        cause=dict(draft.cause),
    )
    session.add(row)
    session.flush()
    return _record(row)


def latest_signals(session: Session, model: str, version: int) -> list[SignalRecord]:
    """The newest signal of each detector on a version, by detector."""
    newest = (
        select(func.max(SignalRow.id))
        .where(SignalRow.model == model, SignalRow.version == version)
        .group_by(SignalRow.detector)
    )
    rows = session.scalars(
        select(SignalRow).where(SignalRow.id.in_(newest)).order_by(SignalRow.detector)
    )
    return [_record(row) for row in rows]


def list_signals(session: Session, model: str, *, limit: int = 100) -> list[SignalRecord]:
    """The signals on a model, newest first."""
    rows = session.scalars(
        select(SignalRow).where(SignalRow.model == model).order_by(SignalRow.id.desc()).limit(limit)
    )
    return [_record(row) for row in rows]


def _record(row: SignalRow) -> SignalRecord:
    return SignalRecord(
        id=row.id,
        at=row.at,
        model=row.model,
        version=row.version,
        detector=row.detector,
        statistic=read_number(row.statistic),
        threshold=read_number(row.threshold),
        evidence_ratio=read_number(row.evidence_ratio),
        is_alarm=row.is_alarm,
        n=row.n,
        cause=row.cause,
    )
