"""From findings to rows: each signal is written once, and an alarm asks for a look with it.

Detectors are rebuilt by replaying observations, so findings come again after a restart. Each row
carries the sequence of the last observation behind it; what lies before the newest row of its
detector is known already.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from monitors.causes import summarize
from monitors.evaluator import Evaluator, Finding
from registry.store.database import Session
from registry.store.signals import latest_signals, record_signal
from registry.store.triggers import request_look
from registry.traffic_records import SignalDraft, SignalRecord

TRIGGER = "data drift"

Recorded = Mapping[str, SignalRecord]
"""Detector → its newest row."""


def read_recorded(session: Session, model: str, version: int) -> Recorded:
    """Read the newest row of each detector of a version."""
    return {signal.detector: signal for signal in latest_signals(session, model, version)}


def unknown_to(recorded: Recorded, findings: Sequence[Finding]) -> list[SignalDraft]:
    """Leave out findings that a row tells of already."""
    return [
        finding.draft
        for finding in findings
        if finding.sequence > _sequence(recorded.get(finding.draft.detector))
    ]


def corrections(recorded: Recorded, evaluator: Evaluator) -> list[SignalDraft]:
    """Find rows that say something else than the detectors do, once those have seen everything.

    That happens when the version went live again, or its reference or spec changed.
    """
    now = {watch.name: watch for watch in evaluator.watches}
    drafts = [
        evaluator.finding(watch).draft
        for name, watch in now.items()
        if (watch.last is not None and watch.last.is_alarm) != _is_alarm(recorded.get(name))
    ]
    gone = [row for name, row in recorded.items() if name not in now and row.is_alarm]
    return drafts + [_ended(row, evaluator.sequence) for row in gone]


def record(
    session: Session, recorded: Recorded, drafts: Sequence[SignalDraft], *, now: datetime
) -> Recorded:
    """Write the signals, and a trigger for each alarm that begins, in the caller's transaction."""
    newest = dict(recorded)
    for draft in drafts:
        begins = draft.is_alarm and not _is_alarm(newest.get(draft.detector))
        newest[draft.detector] = record_signal(session, draft, now=now)
        if begins:
            message = summarize(draft.detector, dict(draft.cause))
            request_look(session, model=draft.model, kind=TRIGGER, message=message, now=now)
    return newest


def _is_alarm(row: SignalRecord | None) -> bool:
    return row is not None and row.is_alarm


def _sequence(row: SignalRecord | None) -> int:
    return int(row.cause.get("sequence", 0)) if row is not None else 0


def _ended(row: SignalRecord, sequence: int) -> SignalDraft:
    """Say that an alarm ended because nobody watches for it any more."""
    draft = SignalDraft(
        model=row.model,
        version=row.version,
        detector=row.detector,
        statistic=0.0,
        threshold=row.threshold,
        evidence_ratio=0.0,
        is_alarm=False,
        n=0,
        cause={},
    )
    return replace(draft, cause={"sequence": sequence, "ended": "this detector runs no more"})
