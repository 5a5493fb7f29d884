"""The tables, and nothing else. ``registry/migrations`` makes them; a test compares the two."""

from datetime import datetime
from typing import Any

from sqlalchemy import (
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    MetaData,
    String,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from registry.store.columns import Payload, PlainText, Sequence, UtcDateTime

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}
NO_VERSION = 0
"""Stands for "no version" where NULL would make rows of one key distinct."""

OpenJson = dict[str, Any]


class Table(DeclarativeBase):
    """The root of all rows."""

    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map = {  # noqa: RUF012  (SQLAlchemy reads it from the class)
        datetime: UtcDateTime(),
        OpenJson: Payload,
        str: PlainText(),
    }


def _version_of(*columns: str) -> ForeignKeyConstraint:
    return ForeignKeyConstraint(columns, ["versions.model", "versions.number"])


class ModelRow(Table):
    """A declared model."""

    __tablename__ = "models"

    name: Mapped[str] = mapped_column(String(63), primary_key=True)
    path: Mapped[str]
    revision: Mapped[str | None]
    spec: Mapped[OpenJson | None]
    waiting_for: Mapped[str] = mapped_column(default="")
    retired_at: Mapped[datetime | None]
    created_at: Mapped[datetime]


class VersionRow(Table):
    """An immutable version."""

    __tablename__ = "versions"
    __table_args__ = (UniqueConstraint("model", "training_digest"),)

    model: Mapped[str] = mapped_column(ForeignKey("models.name"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    training_digest: Mapped[str]
    revision: Mapped[str]
    run_id: Mapped[str]
    files: Mapped[OpenJson]
    lineage: Mapped[OpenJson]
    training: Mapped[OpenJson]
    created_at: Mapped[datetime]


class EvaluationRow(Table):
    """Evidence about one version on one set of held-out rows."""

    __tablename__ = "evaluations"
    __table_args__ = (
        UniqueConstraint("model", "evaluation_digest"),
        _version_of("model", "version"),
        Index(None, "model", "version", "id"),
        Index(None, "test_digest"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(Sequence, primary_key=True)
    model: Mapped[str]
    version: Mapped[int]
    evaluation_digest: Mapped[str]
    measurement_digest: Mapped[str | None]
    test_digest: Mapped[str | None]
    run_id: Mapped[str]
    metrics: Mapped[OpenJson]
    slices: Mapped[OpenJson]
    report: Mapped[OpenJson]
    files: Mapped[OpenJson]
    created_at: Mapped[datetime]


class GateReportRow(Table):
    """All verdicts of one set of gates on one evaluation."""

    __tablename__ = "gate_reports"
    __table_args__ = (
        UniqueConstraint(
            "model",
            "version",
            "gates_digest",
            "evaluation_digest",
            "against",
            name="uq_gate_reports_question",  # made of its columns, it is too long for PostgreSQL
        ),
        _version_of("model", "version"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(Sequence, primary_key=True)
    model: Mapped[str]
    version: Mapped[int]
    gates_digest: Mapped[str]
    evaluation_digest: Mapped[str]
    against: Mapped[int] = mapped_column(default=NO_VERSION)
    passed: Mapped[bool]
    verdicts: Mapped[list[OpenJson]] = mapped_column(Payload)
    circumstances: Mapped[OpenJson | None]
    created_at: Mapped[datetime]


class StandingRow(Table):
    """Which evidence and verdicts about a version stand by what is declared now."""

    __tablename__ = "standings"
    __table_args__ = (_version_of("model", "version"),)

    model: Mapped[str] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    evaluation_digest: Mapped[str]
    gates_digest: Mapped[str | None]


class AliasRow(Table):
    """Where a movable name points now."""

    __tablename__ = "aliases"
    __table_args__ = (_version_of("model", "version"), Index(None, "alias", "model"))

    model: Mapped[str] = mapped_column(primary_key=True)
    alias: Mapped[str] = mapped_column(String(63), primary_key=True)
    version: Mapped[int]
    changed_at: Mapped[datetime]
    changed_by: Mapped[str]
    reason: Mapped[str]


class AliasMoveRow(Table):
    """One move of one alias: the history that is never edited."""

    __tablename__ = "alias_moves"
    __table_args__ = (
        _version_of("model", "version"),
        Index(None, "model", "alias", "id"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(Sequence, primary_key=True)
    model: Mapped[str]
    alias: Mapped[str] = mapped_column(String(63))
    version: Mapped[int]
    left_version: Mapped[int | None]
    changed_at: Mapped[datetime]
    changed_by: Mapped[str]
    reason: Mapped[str]


class HoldRow(Table):
    """A version pinned over automation; at most one per model is active."""

    __tablename__ = "holds"
    __table_args__ = (
        _version_of("model", "version"),
        Index(
            "ix_holds_active",
            "model",
            unique=True,
            sqlite_where=text("released_at IS NULL"),
            postgresql_where=text("released_at IS NULL"),
        ),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(Sequence, primary_key=True)
    model: Mapped[str]
    version: Mapped[int]
    reason: Mapped[str]
    by: Mapped[str]
    created_at: Mapped[datetime]
    written_back: Mapped[str | None]
    release_written_back: Mapped[str | None]
    released_at: Mapped[datetime | None]
    released_by: Mapped[str | None]
    release_reason: Mapped[str | None]


class QuarantineRow(Table):
    """A training digest that automation may not promote again."""

    __tablename__ = "quarantines"

    model: Mapped[str] = mapped_column(ForeignKey("models.name"), primary_key=True)
    training_digest: Mapped[str] = mapped_column(primary_key=True)
    reason: Mapped[str]
    by: Mapped[str]
    created_at: Mapped[datetime]


class RunRow(Table):
    """One attempt at an expensive action; at most one per model is running."""

    __tablename__ = "runs"
    __table_args__ = (
        UniqueConstraint("id"),
        Index(None, "model", "sequence"),
        Index(
            "ix_runs_running",
            "model",
            unique=True,
            sqlite_where=text("state = 'running'"),
            postgresql_where=text("state = 'running'"),
        ),
        {"sqlite_autoincrement": True},
    )

    sequence: Mapped[int] = mapped_column(Sequence, primary_key=True)
    id: Mapped[str] = mapped_column(String(12))
    model: Mapped[str] = mapped_column(ForeignKey("models.name"))
    kind: Mapped[str] = mapped_column(String(16))
    digest: Mapped[str]
    revision: Mapped[str]
    trigger: Mapped[str]
    state: Mapped[str] = mapped_column(String(16))
    attempt: Mapped[int]
    job: Mapped[OpenJson]
    progress: Mapped[OpenJson | None]
    result: Mapped[OpenJson | None]
    failure: Mapped[OpenJson | None]
    started_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]


class TrialRow(Table):
    """One trial that a search proposed. What came of it stands with the run of its digest."""

    __tablename__ = "trials"

    model: Mapped[str] = mapped_column(ForeignKey("models.name"), primary_key=True)
    search_digest: Mapped[str] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    total: Mapped[int]
    digest: Mapped[str]
    base: Mapped[str]
    parameters: Mapped[OpenJson]
    metric: Mapped[str]
    created_at: Mapped[datetime]


class LogRow(Table):
    """One line a job printed."""

    __tablename__ = "run_log"
    __table_args__ = (Index(None, "run_id", "sequence"), {"sqlite_autoincrement": True})

    sequence: Mapped[int] = mapped_column(Sequence, primary_key=True)
    run_id: Mapped[str] = mapped_column(ForeignKey("runs.id"))
    text: Mapped[str]


class PointRow(Table):
    """One measured value of a run at one step; NULL is a value that was not finite."""

    __tablename__ = "run_points"
    __table_args__ = (Index(None, "run_id", "sequence"),)

    sequence: Mapped[int] = mapped_column(Sequence, primary_key=True)
    run_id: Mapped[str] = mapped_column(ForeignKey("runs.id"))
    step: Mapped[int]
    name: Mapped[str]
    value: Mapped[float | None]


class ConditionRow(Table):
    """One condition of one model."""

    __tablename__ = "conditions"

    model: Mapped[str] = mapped_column(ForeignKey("models.name"), primary_key=True)
    type: Mapped[str] = mapped_column(String(32), primary_key=True)
    status: Mapped[str] = mapped_column(String(8))
    reason: Mapped[str]
    message: Mapped[str]
    observed_revision: Mapped[str | None]
    last_transition_time: Mapped[datetime]


class EventRow(Table):
    """Something changed."""

    __tablename__ = "events"
    __table_args__ = (Index(None, "model", "id"), {"sqlite_autoincrement": True})

    id: Mapped[int] = mapped_column(Sequence, primary_key=True)
    at: Mapped[datetime]
    model: Mapped[str | None]
    kind: Mapped[str]
    message: Mapped[str]
    trigger: Mapped[str | None]
    revision: Mapped[str | None]
    data: Mapped[OpenJson]


class SignalRow(Table):
    """What a detector said."""

    __tablename__ = "signals"
    __table_args__ = (
        Index(None, "model", "version", "detector", "id"),
        Index(None, "model", "id"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(Sequence, primary_key=True)
    at: Mapped[datetime]
    model: Mapped[str]
    version: Mapped[int]
    detector: Mapped[str]
    statistic: Mapped[float | None]
    threshold: Mapped[float | None]
    evidence_ratio: Mapped[float | None]
    is_alarm: Mapped[bool]
    n: Mapped[int]
    cause: Mapped[OpenJson]


class TriggerRow(Table):
    """Somebody asked for a look."""

    __tablename__ = "triggers"
    __table_args__ = ({"sqlite_autoincrement": True},)

    id: Mapped[int] = mapped_column(Sequence, primary_key=True)
    model: Mapped[str | None]
    kind: Mapped[str]
    message: Mapped[str]
    at: Mapped[datetime]


class PredictionRow(Table):
    """One answered text. No foreign keys: capture must never slow or fail an answer."""

    __tablename__ = "predictions"
    __table_args__ = (
        Index(None, "model", "version", "sequence"),
        Index(None, "model", "sequence"),
        {"sqlite_autoincrement": True},
    )

    sequence: Mapped[int] = mapped_column(Sequence, primary_key=True)
    request_id: Mapped[str]
    model: Mapped[str]
    version: Mapped[int]
    at: Mapped[datetime]
    text: Mapped[str]
    label: Mapped[str | None]
    score: Mapped[float | None]
    slices: Mapped[OpenJson]
    latency_seconds: Mapped[float]


class SourceRow(Table):
    """What is known of a repository."""

    __tablename__ = "sources"

    url: Mapped[str] = mapped_column(primary_key=True)
    branch: Mapped[str] = mapped_column(primary_key=True)
    revision: Mapped[str | None]
    checked_at: Mapped[datetime]
    failing_since: Mapped[datetime | None]
    message: Mapped[str]
