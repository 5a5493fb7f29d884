"""The first tables: models, runs, versions, decisions and streams."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
PAYLOAD = sa.JSON(none_as_null=True)
SEQUENCE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TEXT = sa.Text()

TABLES = (
    "models",
    "conditions",
    "sources",
    "runs",
    "run_log",
    "run_points",
    "versions",
    "evaluations",
    "gate_reports",
    "aliases",
    "alias_moves",
    "holds",
    "quarantines",
    "events",
    "triggers",
    "signals",
    "predictions",
)


def upgrade() -> None:
    _models()
    _runs()
    _versions()
    _decisions()
    _streams()


def downgrade() -> None:
    for name in reversed(TABLES):
        op.drop_table(name)


def _models() -> None:
    """What is declared, and what is said about it."""
    op.create_table(
        "models",
        sa.Column("name", sa.String(length=63), nullable=False),
        sa.Column("path", TEXT, nullable=False),
        sa.Column("revision", TEXT, nullable=True),
        sa.Column("spec", PAYLOAD, nullable=True),
        sa.Column("waiting_for", TEXT, nullable=False),
        sa.Column("retired_at", MOMENT, nullable=True),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_models"),
    )
    op.create_table(
        "conditions",
        sa.Column("model", sa.String(length=63), nullable=False),
        sa.Column("type", sa.String(length=32), nullable=False),
        sa.Column("status", sa.String(length=8), nullable=False),
        sa.Column("reason", TEXT, nullable=False),
        sa.Column("message", TEXT, nullable=False),
        sa.Column("observed_revision", TEXT, nullable=True),
        sa.Column("last_transition_time", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["model"], ["models.name"], name="fk_conditions_model"),
        sa.PrimaryKeyConstraint("model", "type", name="pk_conditions"),
    )
    op.create_table(
        "sources",
        sa.Column("url", TEXT, nullable=False),
        sa.Column("branch", TEXT, nullable=False),
        sa.Column("revision", TEXT, nullable=True),
        sa.Column("checked_at", MOMENT, nullable=False),
        sa.Column("failing_since", MOMENT, nullable=True),
        sa.Column("message", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("url", "branch", name="pk_sources"),
    )


def _runs() -> None:
    """Attempts at expensive actions, and what they print."""
    op.create_table(
        "runs",
        sa.Column("sequence", SEQUENCE, nullable=False),
        sa.Column("id", sa.String(length=12), nullable=False),
        sa.Column("model", sa.String(length=63), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("digest", TEXT, nullable=False),
        sa.Column("revision", TEXT, nullable=False),
        sa.Column("trigger", TEXT, nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("job", PAYLOAD, nullable=False),
        sa.Column("progress", PAYLOAD, nullable=True),
        sa.Column("result", PAYLOAD, nullable=True),
        sa.Column("failure", PAYLOAD, nullable=True),
        sa.Column("started_at", MOMENT, nullable=False),
        sa.Column("finished_at", MOMENT, nullable=True),
        sa.ForeignKeyConstraint(["model"], ["models.name"], name="fk_runs_model"),
        sa.PrimaryKeyConstraint("sequence", name="pk_runs"),
        sa.UniqueConstraint("id", name="uq_runs_id"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_runs_model_sequence", "runs", ["model", "sequence"])
    op.create_index(
        "ix_runs_running",
        "runs",
        ["model"],
        unique=True,
        sqlite_where=sa.text("state = 'running'"),
        postgresql_where=sa.text("state = 'running'"),
    )
    op.create_table(
        "run_log",
        sa.Column("sequence", SEQUENCE, nullable=False),
        sa.Column("run_id", sa.String(length=12), nullable=False),
        sa.Column("text", TEXT, nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name="fk_run_log_run_id"),
        sa.PrimaryKeyConstraint("sequence", name="pk_run_log"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_run_log_run_id_sequence", "run_log", ["run_id", "sequence"])
    op.create_table(
        "run_points",
        sa.Column("sequence", SEQUENCE, nullable=False),
        sa.Column("run_id", sa.String(length=12), nullable=False),
        sa.Column("step", sa.Integer(), nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("value", sa.Double(), nullable=True),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name="fk_run_points_run_id"),
        sa.PrimaryKeyConstraint("sequence", name="pk_run_points"),
    )
    op.create_index("ix_run_points_run_id_sequence", "run_points", ["run_id", "sequence"])


def _versions() -> None:
    """Immutable results, their evidence and verdicts."""
    op.create_table(
        "versions",
        sa.Column("model", sa.String(length=63), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("training_digest", TEXT, nullable=False),
        sa.Column("revision", TEXT, nullable=False),
        sa.Column("run_id", TEXT, nullable=False),
        sa.Column("files", PAYLOAD, nullable=False),
        sa.Column("lineage", PAYLOAD, nullable=False),
        sa.Column("training", PAYLOAD, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["model"], ["models.name"], name="fk_versions_model"),
        sa.PrimaryKeyConstraint("model", "number", name="pk_versions"),
        sa.UniqueConstraint("model", "training_digest", name="uq_versions_model_training_digest"),
    )
    op.create_table(
        "evaluations",
        sa.Column("id", SEQUENCE, nullable=False),
        sa.Column("model", TEXT, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("evaluation_digest", TEXT, nullable=False),
        sa.Column("run_id", TEXT, nullable=False),
        sa.Column("metrics", PAYLOAD, nullable=False),
        sa.Column("slices", PAYLOAD, nullable=False),
        sa.Column("report", PAYLOAD, nullable=False),
        sa.Column("files", PAYLOAD, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["model", "version"],
            ["versions.model", "versions.number"],
            name="fk_evaluations_model_version",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_evaluations"),
        sa.UniqueConstraint(
            "model", "evaluation_digest", name="uq_evaluations_model_evaluation_digest"
        ),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_evaluations_model_version_id", "evaluations", ["model", "version", "id"])
    op.create_table(
        "gate_reports",
        sa.Column("id", SEQUENCE, nullable=False),
        sa.Column("model", TEXT, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("gates_digest", TEXT, nullable=False),
        sa.Column("evaluation_digest", TEXT, nullable=False),
        sa.Column("against", sa.Integer(), nullable=False),
        sa.Column("passed", sa.Boolean(), nullable=False),
        sa.Column("verdicts", PAYLOAD, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["model", "version"],
            ["versions.model", "versions.number"],
            name="fk_gate_reports_model_version",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_gate_reports"),
        sa.UniqueConstraint(
            "model",
            "version",
            "gates_digest",
            "evaluation_digest",
            "against",
            name="uq_gate_reports_question",
        ),
        sqlite_autoincrement=True,
    )


def _decisions() -> None:
    """Where names point, and what people decided over automation."""
    op.create_table(
        "aliases",
        sa.Column("model", TEXT, nullable=False),
        sa.Column("alias", sa.String(length=63), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("changed_at", MOMENT, nullable=False),
        sa.Column("changed_by", TEXT, nullable=False),
        sa.Column("reason", TEXT, nullable=False),
        sa.ForeignKeyConstraint(
            ["model", "version"],
            ["versions.model", "versions.number"],
            name="fk_aliases_model_version",
        ),
        sa.PrimaryKeyConstraint("model", "alias", name="pk_aliases"),
    )
    op.create_index("ix_aliases_alias_model", "aliases", ["alias", "model"])
    op.create_table(
        "alias_moves",
        sa.Column("id", SEQUENCE, nullable=False),
        sa.Column("model", TEXT, nullable=False),
        sa.Column("alias", sa.String(length=63), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("left_version", sa.Integer(), nullable=True),
        sa.Column("changed_at", MOMENT, nullable=False),
        sa.Column("changed_by", TEXT, nullable=False),
        sa.Column("reason", TEXT, nullable=False),
        sa.ForeignKeyConstraint(
            ["model", "version"],
            ["versions.model", "versions.number"],
            name="fk_alias_moves_model_version",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_alias_moves"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_alias_moves_model_alias_id", "alias_moves", ["model", "alias", "id"])
    op.create_table(
        "holds",
        sa.Column("id", SEQUENCE, nullable=False),
        sa.Column("model", TEXT, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("reason", TEXT, nullable=False),
        sa.Column("by", TEXT, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("written_back", TEXT, nullable=True),
        sa.Column("release_written_back", TEXT, nullable=True),
        sa.Column("released_at", MOMENT, nullable=True),
        sa.Column("released_by", TEXT, nullable=True),
        sa.Column("release_reason", TEXT, nullable=True),
        sa.ForeignKeyConstraint(
            ["model", "version"],
            ["versions.model", "versions.number"],
            name="fk_holds_model_version",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_holds"),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "ix_holds_active",
        "holds",
        ["model"],
        unique=True,
        sqlite_where=sa.text("released_at IS NULL"),
        postgresql_where=sa.text("released_at IS NULL"),
    )
    op.create_table(
        "quarantines",
        sa.Column("model", sa.String(length=63), nullable=False),
        sa.Column("training_digest", TEXT, nullable=False),
        sa.Column("reason", TEXT, nullable=False),
        sa.Column("by", TEXT, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["model"], ["models.name"], name="fk_quarantines_model"),
        sa.PrimaryKeyConstraint("model", "training_digest", name="pk_quarantines"),
    )


def _streams() -> None:
    """What happened and what was seen, in order."""
    op.create_table(
        "events",
        sa.Column("id", SEQUENCE, nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("model", TEXT, nullable=True),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("message", TEXT, nullable=False),
        sa.Column("trigger", TEXT, nullable=True),
        sa.Column("revision", TEXT, nullable=True),
        sa.Column("data", PAYLOAD, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_events"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_events_model_id", "events", ["model", "id"])
    op.create_table(
        "triggers",
        sa.Column("id", SEQUENCE, nullable=False),
        sa.Column("model", TEXT, nullable=True),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("message", TEXT, nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_triggers"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "signals",
        sa.Column("id", SEQUENCE, nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("model", TEXT, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("detector", TEXT, nullable=False),
        sa.Column("statistic", sa.Double(), nullable=True),
        sa.Column("threshold", sa.Double(), nullable=True),
        sa.Column("evidence_ratio", sa.Double(), nullable=True),
        sa.Column("is_alarm", sa.Boolean(), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("cause", PAYLOAD, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_signals"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_signals_model_id", "signals", ["model", "id"])
    op.create_index(
        "ix_signals_model_version_detector_id", "signals", ["model", "version", "detector", "id"]
    )
    op.create_table(
        "predictions",
        sa.Column("sequence", SEQUENCE, nullable=False),
        sa.Column("request_id", TEXT, nullable=False),
        sa.Column("model", TEXT, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("text", TEXT, nullable=False),
        sa.Column("label", TEXT, nullable=True),
        sa.Column("score", sa.Double(), nullable=True),
        sa.Column("slices", PAYLOAD, nullable=False),
        sa.Column("latency_seconds", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("sequence", name="pk_predictions"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_predictions_model_sequence", "predictions", ["model", "sequence"])
    op.create_index(
        "ix_predictions_model_version_sequence", "predictions", ["model", "version", "sequence"]
    )
