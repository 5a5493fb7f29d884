"""Wire types: what the API answers, field by field."""

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, PlainSerializer

from registry.records import RunKind, RunState, Verdict
from registry.trial_records import TrialState
from registry.version_state import VersionState
from specs.conditions import ConditionStatus, ConditionType


def _utc_text(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


Moment = Annotated[datetime, PlainSerializer(_utc_text, return_type=str)]
"""ISO 8601 in UTC, ending in Z."""
Number = Annotated[float, PlainSerializer(_finite, return_type=float | None)]
"""A number; null when it is not finite."""


class Wire(BaseModel):
    """A part of an answer, made from a record."""

    model_config = ConfigDict(from_attributes=True)


class EstimateOut(Wire):
    """A measured number with its 95 % interval and its sample size."""

    value: Number
    low: Number
    high: Number
    n: int
    method: str


class BlobOut(Wire):
    """One file of a version."""

    digest: str
    size_bytes: int


class ConditionOut(Wire):
    """One statement about a model."""

    type: ConditionType
    status: ConditionStatus
    reason: str
    message: str
    observed_revision: str | None
    last_transition_time: Moment


class HoldOut(Wire):
    """A version pinned over automation."""

    id: int
    model: str
    version: int
    reason: str
    by: str
    created_at: Moment
    written_back: str | None
    released_at: Moment | None


class ProgressOut(Wire):
    """Where a job is; ``ratio`` is the share done, 0 to 1."""

    phase: str
    step: int
    steps: int
    message: str
    eta_seconds: Number | None
    ratio: Number


class CardOut(Wire):
    """A model card: its sections in order, each with blocks of text, facts and tables."""

    format: int
    model: str
    version: int
    aliases: list[str]
    metadata: dict[str, Any]
    sections: dict[str, Any]


class FailureOut(Wire):
    """Why a run failed, and what to do."""

    reason: str
    message: str
    fix: str | None
    is_transient: bool


class RunOut(Wire):
    """One attempt at an expensive action. Where its process and folder are stays inside."""

    id: str
    model: str
    kind: RunKind
    digest: str
    revision: str
    trigger: str
    state: RunState
    attempt: int
    progress: ProgressOut | None
    failure: FailureOut | None
    started_at: Moment
    finished_at: Moment | None


class LogLineOut(Wire):
    """One printed line; go on reading behind ``sequence``."""

    sequence: int
    text: str


class PointOut(Wire):
    """One measured value of a run; null when it was not finite."""

    step: int
    name: str
    value: Number


class TrialOut(Wire):
    """One trial of a search, and what came of it."""

    number: int
    state: TrialState
    base: str
    parameters: Mapping[str, Any]
    value: Number | None
    """The search's metric on the validation rows; null unless it succeeded."""
    curve: list[Number]
    """The metric after each validation."""
    seconds: Number | None
    is_reused: bool
    run_id: str | None
    digest: str
    failure: FailureOut | None


class SearchOut(Wire):
    """A search; ``search`` is null when there was none."""

    search: str | None
    version: int | None
    chosen: int | None
    of: int
    metric: str | None
    trials: list[TrialOut]


class StatusOut(Wire):
    """A model now."""

    name: str
    revision: str | None
    live_version: int | None
    waiting_for: str
    conditions: list[ConditionOut]
    hold: HoldOut | None
    run: RunOut | None
    task: str | None
    path: str


class VersionOut(Wire):
    """A version in a list."""

    number: int
    state: VersionState
    training_digest: str
    revision: str
    metrics: dict[str, EstimateOut]
    created_at: Moment
    aliases: list[str]
    run_id: str


class SignificanceTestOut(Wire):
    """A test of "it is no worse than needed"; among: tests that were corrected together."""

    p: Number
    method: str
    among: int
    is_significant: bool


class VerdictOut(Wire):
    """One gate's verdict with its evidence."""

    gate: Mapping[str, Any]
    slice: str | None
    verdict: Verdict
    blocks: bool
    evidence: EstimateOut | None
    needed: Number
    message: str
    bounds: tuple[Number, Number] | None
    test: SignificanceTestOut | None
    discordant: tuple[int, int] | None
    more_rows: int | None
    override: Mapping[str, Any] | None


class GateReportOut(Wire):
    """All verdicts on a version."""

    gates_digest: str
    evaluation_digest: str
    against: int | None
    passed: bool
    verdicts: list[VerdictOut]
    created_at: Moment
    compared: Mapping[str, int]
    """Name that a gate compares with → the version it meant."""
    gates_at_training: str | None
    gates_changed_after_training: bool
    is_ungated: bool
    overrides: list[Mapping[str, Any]]


class RowSetsOut(Wire):
    """One metric on the clean rest of the held-out rows, and on all of them."""

    metric: str
    clean: EstimateOut | None
    all_rows: EstimateOut | None


class SideBySideOut(Wire):
    """What near twins of training rows do to the metrics; ``judged`` is ``clean`` or ``all``."""

    near_twins: int
    test_rows: int
    judged: str
    metrics: list[RowSetsOut]


class HeldOutFileOut(Wire):
    """How many trained candidates a held-out file has judged, over all models."""

    digest: str
    candidates: int
    warn_after: int
    is_worn: bool


class CostOut(Wire):
    """One quantity of a training: planned beside actual; ratio 1 is a plan that was right."""

    quantity: str
    planned: Number | None
    low: Number | None
    high: Number | None
    actual: Number | None
    ratio: Number | None
    basis: str


class VersionDetailOut(VersionOut):
    """A version with everything that is known of it."""

    model: str
    files: dict[str, BlobOut]
    lineage: Mapping[str, Any]
    training: Mapping[str, Any]
    costs: list[CostOut]
    slices: dict[str, dict[str, EstimateOut]]
    gates: GateReportOut | None
    report: Mapping[str, Any]
    evaluation_digest: str | None
    rows: SideBySideOut | None
    held_out: HeldOutFileOut | None


class DataReportOut(Wire):
    """What the data checks said; ``report`` is null where there is none."""

    model: str
    version: int | None
    is_refused: bool
    failure: FailureOut | None
    """Why the rows were refused."""
    run: RunOut | None
    digest: str | None
    report: Mapping[str, Any] | None


class AliasOut(Wire):
    """Where a movable name points."""

    model: str
    alias: str
    version: int
    changed_at: Moment
    changed_by: str
    reason: str


class EventOut(Wire):
    """Something changed."""

    id: int
    at: Moment
    model: str | None
    kind: str
    message: str
    trigger: str | None
    revision: str | None
    data: Mapping[str, Any]


class SignalOut(Wire):
    """What a detector said about traffic; ``evidence_ratio`` 1 and above is an alarm."""

    id: int
    at: Moment
    model: str
    version: int
    detector: str
    statistic: Number
    threshold: Number
    evidence_ratio: Number
    is_alarm: bool
    n: int
    cause: Mapping[str, Any]


class SourceOut(Wire):
    """What is known of a repository."""

    url: str
    branch: str
    revision: str | None
    checked_at: Moment
    failing_since: Moment | None
    message: str


class RollbackOut(Wire):
    """What a rollback did."""

    model: str
    left: int
    to: int
    hold: HoldOut
    quarantined: str


class TriggerOut(Wire):
    """A request for a look that the controller will take."""

    id: int
    model: str | None
    kind: str
    message: str
    at: Moment


class ProblemOut(Wire):
    """RFC 9457, with ``fix``: what to do about it."""

    type: str
    title: str
    status: int
    detail: str
    fix: str | None
