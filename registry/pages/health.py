"""One word for how a model is, and one for its traffic. Pure."""

from dataclasses import dataclass
from typing import Literal

from registry.overview import ModelStatus
from specs.conditions import (
    LIVE_FAILS_GATES,
    NORMALLY_FALSE,
    Condition,
    ConditionStatus,
    ConditionType,
)

Tone = Literal["good", "busy", "bad", "warn", "quiet"]


@dataclass(frozen=True)
class Badge:
    """A word with a tone; the tone alone never carries the meaning."""

    word: str
    tone: Tone
    why: str = ""


def health_of(status: ModelStatus) -> Badge:
    """The strongest statement about a model."""
    stalled = _when_true(status, ConditionType.STALLED)
    if stalled:
        return Badge("Stalled", "bad", stalled.message)
    suspended = _when_true(status, ConditionType.SUSPENDED)
    if suspended:
        return Badge("Suspended", "quiet", suspended.message)
    ready = _when_true(status, ConditionType.READY)
    if ready:
        return Badge("Ready", "good", ready.message)
    reconciling = _when_true(status, ConditionType.RECONCILING)
    if reconciling or status.run:
        return Badge("Reconciling", "busy", reconciling.message if reconciling else "")
    not_ready = status.conditions.get(ConditionType.READY)
    if not_ready is None:
        return Badge("New", "quiet", "no look at it has ended yet")
    return _not_ready(not_ready)


def _not_ready(condition: Condition) -> Badge:
    if condition.reason == LIVE_FAILS_GATES:
        return Badge("Live fails gates", "bad", condition.message)
    return Badge("Not ready", "warn", condition.message)


def data_drift_of(status: ModelStatus) -> Badge:
    """What the monitors say of a model's traffic."""
    found = status.conditions.get(ConditionType.DATA_DRIFT_DETECTED)
    if found is None or found.status is ConditionStatus.UNKNOWN:
        return Badge("Not watched yet", "quiet", "" if found is None else found.message)
    if found.status is ConditionStatus.TRUE:
        return Badge("Data drift", "warn", found.message)
    return Badge("No data drift", "good", found.message)


def tone_of(condition: Condition) -> Tone:
    """Whether a condition is as it should be."""
    if condition.status is ConditionStatus.UNKNOWN:
        return "quiet"
    wanted = ConditionStatus.FALSE if condition.type in NORMALLY_FALSE else ConditionStatus.TRUE
    if condition.status is wanted:
        return "good"
    if condition.type is ConditionType.RECONCILING:
        return "busy"
    return "bad" if condition.type in _SEVERE else "warn"


_SEVERE = frozenset({ConditionType.STALLED, ConditionType.READY})


def _when_true(status: ModelStatus, kind: ConditionType) -> Condition | None:
    found = status.conditions.get(kind)
    return found if found is not None and found.status is ConditionStatus.TRUE else None
