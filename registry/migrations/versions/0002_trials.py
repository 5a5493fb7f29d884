"""Trials of a search."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

TEXT = sa.Text()


def upgrade() -> None:
    op.create_table(
        "trials",
        sa.Column("model", sa.String(length=63), nullable=False),
        sa.Column("search_digest", TEXT, nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("digest", TEXT, nullable=False),
        sa.Column("base", TEXT, nullable=False),
        sa.Column("parameters", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("metric", TEXT, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["model"], ["models.name"], name="fk_trials_model"),
        sa.PrimaryKeyConstraint("model", "search_digest", "number", name="pk_trials"),
    )


def downgrade() -> None:
    op.drop_table("trials")
    # Earlier releases know no such kind: a trial is a training of its own digest.
    op.execute("UPDATE runs SET kind = 'train' WHERE kind = 'trial'")
