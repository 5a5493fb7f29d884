"""Frozen records: what every caller of the registry gets. ORM rows never leave ``store/``.

Times are aware UTC datetimes. JSON-like payloads are plain dicts and lists.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from specs.names import Digest, Revision

Json = Mapping[str, Any]


@dataclass(frozen=True)
class Estimate:
    """A measured number with its uncertainty: never a bare value."""

    value: float
    low: float
    high: float
    """Bounds of the two-sided 95 % interval."""
    n: int
    """Rows (or pairs) behind the value."""
    method: str
    """How the interval was made: ``wilson``, ``bootstrap``, ``normal``, ..."""


@dataclass(frozen=True)
class Blob:
    """One immutable file, by content."""

    digest: Digest
    size_bytes: int


Files = Mapping[str, Blob]
"""A folder as a value: relative POSIX path → content."""


@dataclass(frozen=True)
class ModelRecord:
    """A model as the registry knows it."""

    name: str
    path: str
    """The spec file in the repository."""
    revision: Revision | None
    """The last revision whose spec of this model was looked at."""
    spec: Json | None
    """The last valid spec; None while there never was one."""
    waiting_for: str
    """The one thing this model waits for; empty when nothing."""
    retired_at: datetime | None
    created_at: datetime


@dataclass(frozen=True)
class VersionDraft:
    """What a finished training run registers."""

    model: str
    training_digest: Digest
    revision: Revision
    run_id: str
    files: Files
    lineage: Json
    """``inputs`` (what the digest is over), ``base``, ``data``, ``libraries``, ``machine``."""
    training: Json
    """What training measured: curves' last values, duration_seconds, cpu_seconds, ..."""


@dataclass(frozen=True)
class VersionRecord:
    """An immutable version."""

    model: str
    number: int
    training_digest: Digest
    revision: Revision
    run_id: str
    files: Files
    lineage: Json
    training: Json
    created_at: datetime


@dataclass(frozen=True)
class EvaluationDraft:
    """What a finished evaluation run records about a version."""

    model: str
    version: int
    evaluation_digest: Digest
    run_id: str
    metrics: Mapping[str, Estimate]
    slices: Mapping[str, Mapping[str, Estimate]]
    """``family=value`` → metric → estimate."""
    report: Json
    """Everything else worth showing: confusion, counts, notes."""
    files: Files
    """``rows.jsonl`` (one judged row a line) and ``reference.json`` (for the monitors)."""
    measurement_digest: Digest | None = None
    """Of what was measured, on which held-out rows, whichever version it was."""
    test_digest: str | None = None
    """DVC's hash of the test file; None: not known, for evidence of earlier releases."""


@dataclass(frozen=True)
class EvaluationRecord:
    """Stored evidence about one version on one set of held-out rows."""

    model: str
    version: int
    evaluation_digest: Digest
    run_id: str
    metrics: Mapping[str, Estimate]
    slices: Mapping[str, Mapping[str, Estimate]]
    report: Json
    files: Files
    created_at: datetime
    measurement_digest: Digest | None = None
    test_digest: str | None = None


class Verdict(StrEnum):
    """Three values: no proof is not a failure, and not a pass."""

    PASS = "pass"  # noqa: S105  (a verdict, not a password)
    FAIL = "fail"
    INCONCLUSIVE = "inconclusive"


@dataclass(frozen=True)
class SignificanceTest:
    """One test of "it is no worse than needed"; a small p speaks against that."""

    p: float
    method: str
    """``exact McNemar``, ``exact binomial``, ``paired permutation`` or ``normal``."""
    among: int = 1
    """Tests that were corrected together; 1: not corrected."""
    is_significant: bool = False
    """Whether it still speaks against the version after the correction."""


@dataclass(frozen=True)
class GateVerdict:
    """One gate's verdict with its evidence."""

    gate: Json
    """The gate as declared."""
    slice: str | None
    verdict: Verdict
    blocks: bool
    """Whether this verdict keeps the version from being promoted."""
    evidence: Estimate | None
    needed: float
    message: str
    bounds: tuple[float, float] | None = None
    """The one-sided 95 % bounds that decided."""
    test: SignificanceTest | None = None
    discordant: tuple[int, int] | None = None
    """Of a paired rate: rows that only this version gets right, and rows that only the other
    does."""
    more_rows: int | None = None
    """About how many more held-out rows would decide; None: decided, or no number would."""
    override: Json | None = None
    """The override (approver, reason, expires) because of which it does not block."""


@dataclass(frozen=True)
class GateReport:
    """All verdicts on one version, by one set of gates, from one evaluation."""

    model: str
    version: int
    gates_digest: Digest
    evaluation_digest: Digest
    against: int | None
    """The version that ``against: live`` meant, if any gate asked."""
    passed: bool
    verdicts: tuple[GateVerdict, ...]
    created_at: datetime
    compared: Mapping[str, int] = field(default_factory=dict)
    """Name that a gate compares with (``live``, ``previous``, ``3``) → the version it meant."""
    gates_at_training: Digest | None = None
    """Of the criteria that were declared when the version's training started; None: not known."""
    gates_changed_after_training: bool = False
    """Whether these are other criteria: they were chosen by somebody who could know the result."""
    is_ungated: bool = False
    """Whether the spec said, on record, that it declares no gates."""
    overrides: tuple[Json, ...] = ()
    """What a named person declared over a verdict: approver, reason, expiry."""


@dataclass(frozen=True)
class Standing:
    """Which evidence and verdicts about a version count, by what is declared now."""

    evaluation_digest: Digest
    gates_digest: Digest | None
    """Of the judgement; None: not judged yet."""


@dataclass(frozen=True)
class AliasRecord:
    """Where a movable name points."""

    model: str
    alias: str
    version: int
    changed_at: datetime
    changed_by: str
    reason: str


@dataclass(frozen=True)
class HoldRecord:
    """A version pinned over automation."""

    id: int
    model: str
    version: int
    reason: str
    by: str
    created_at: datetime
    written_back: Revision | None
    """The commit that says the same in git, once it is there."""
    released_at: datetime | None
    release_written_back: Revision | None = None
    """The revision at which git no longer says it, once that is so after the release."""


@dataclass(frozen=True)
class QuarantineRecord:
    """A training digest that automation may not promote again."""

    model: str
    training_digest: Digest
    reason: str
    by: str
    created_at: datetime


@dataclass(frozen=True)
class RollbackRecord:
    """What a rollback did, for the answer to the person who asked."""

    model: str
    left: int
    to: int
    hold: HoldRecord
    quarantined: Digest


class RunKind(StrEnum):
    """The expensive actions; each is a child process."""

    DATA = "data"
    ESTIMATE = "estimate"
    """What a training will cost, and whether each row fits it."""
    TRAIN = "train"
    TRIAL = "trial"
    EVALUATE = "evaluate"


class RunState(StrEnum):
    """``running`` is the only state that changes."""

    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"


@dataclass(frozen=True)
class Failure:
    """Why a run failed, in the words a condition shows."""

    reason: str
    message: str
    fix: str | None = None
    is_transient: bool = False
    """Worth another attempt with the same inputs (a full disk, a lost worker)."""


@dataclass(frozen=True)
class Progress:
    """Where a running job is."""

    phase: str
    step: int
    steps: int
    message: str = ""
    eta_seconds: float | None = None

    @property
    def ratio(self) -> float:
        """Share done, 0 to 1."""
        return self.step / self.steps if self.steps else 0.0


@dataclass(frozen=True)
class RunRecord:
    """One attempt at an expensive action, resumed as often as its process is lost."""

    id: str
    model: str
    kind: RunKind
    digest: Digest
    revision: Revision
    trigger: str
    state: RunState
    attempt: int
    """1 for the first process; each resume after a lost process adds one."""
    job: Json
    """How the executor finds the process again: ``pid``, ``started``; and how far its output
    was read."""
    progress: Progress | None
    result: Json | None
    failure: Failure | None
    started_at: datetime
    finished_at: datetime | None


@dataclass(frozen=True)
class LogLine:
    """One line a job printed."""

    sequence: int
    text: str


@dataclass(frozen=True)
class CurvePoint:
    """One measured value of a run at one step."""

    step: int
    name: str
    value: float


@dataclass(frozen=True)
class EventRecord:
    """Something changed."""

    id: int
    at: datetime
    model: str | None
    kind: str
    """CamelCase, as a condition's reason: ``Promoted``, ``RolledBack``, ``RunFailed``, ..."""
    message: str
    trigger: str | None
    revision: Revision | None
    data: Json = field(default_factory=dict)


@dataclass(frozen=True)
class TriggerRecord:
    """Somebody asks for a look at one model (or, with no model, at all of them)."""

    id: int
    model: str | None
    kind: str
    """``data drift``, ``manual``, ``rollback``, ``webhook``, ..."""
    message: str
    at: datetime


@dataclass(frozen=True)
class SourceRecord:
    """What is known of a repository."""

    url: str
    branch: str
    revision: Revision | None
    checked_at: datetime
    failing_since: datetime | None
    message: str
