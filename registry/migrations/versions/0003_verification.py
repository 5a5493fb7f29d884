"""What evidence was measured on, and under which circumstances gates were judged."""

import json
from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

TEXT = sa.Text()
PAYLOAD = sa.JSON(none_as_null=True)


def upgrade() -> None:
    op.add_column("evaluations", sa.Column("measurement_digest", TEXT, nullable=True))
    op.add_column("evaluations", sa.Column("test_digest", TEXT, nullable=True))
    op.create_index("ix_evaluations_test_digest", "evaluations", ["test_digest"])
    op.add_column("gate_reports", sa.Column("circumstances", PAYLOAD, nullable=True))
    _say_test_digests()


def downgrade() -> None:
    op.drop_index("ix_evaluations_test_digest", "evaluations")
    op.drop_column("evaluations", "test_digest")
    op.drop_column("evaluations", "measurement_digest")
    op.drop_column("gate_reports", "circumstances")


def _say_test_digests() -> None:
    """Say of each version's first evaluation which test file it was on.

    It follows the training at the same revision, whose hashes the version's lineage keeps. Of later
    ones nothing is known: they stay without, and are not counted.
    """
    connection = op.get_bind()
    update = sa.text("UPDATE evaluations SET test_digest = :digest WHERE id = :id")
    for one in list(_first_evaluations(connection)):
        connection.execute(update, one)


def _first_evaluations(connection: sa.Connection) -> Iterator[dict[str, Any]]:
    rows = connection.execute(
        sa.text(
            "SELECT e.id, v.lineage, m.spec FROM evaluations e "
            "JOIN versions v ON v.model = e.model AND v.number = e.version "
            "JOIN models m ON m.name = e.model "
            "WHERE e.id IN (SELECT min(id) FROM evaluations GROUP BY model, version)"
        )
    )
    for identity, lineage, spec in rows:
        data = (_read(spec).get("spec") or {}).get("data") or {}
        digest = (_read(lineage).get("data") or {}).get(data.get("test"))
        if isinstance(digest, str):
            yield {"id": identity, "digest": digest}


def _read(document: Any) -> dict[str, Any]:
    """A JSON column, which one database gives as text and the other as an object."""
    found = json.loads(document) if isinstance(document, str) else document
    return found if isinstance(found, dict) else {}
