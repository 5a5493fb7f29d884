"""Which evidence and verdicts about a version stand by what is declared now."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

TEXT = sa.Text()


def upgrade() -> None:
    op.create_table(
        "standings",
        sa.Column("model", TEXT, nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("evaluation_digest", TEXT, nullable=False),
        sa.Column("gates_digest", TEXT, nullable=True),
        sa.ForeignKeyConstraint(
            ["model", "version"],
            ["versions.model", "versions.number"],
            name="fk_standings_model_version",
        ),
        sa.PrimaryKeyConstraint("model", "version", name="pk_standings"),
    )


def downgrade() -> None:
    op.drop_table("standings")
