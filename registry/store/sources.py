"""Sources: what is known of each repository that is followed."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from registry.records import SourceRecord
from registry.store.tables import SourceRow
from specs.names import Revision


def record_source(session: Session, source: SourceRecord) -> SourceRecord:
    """Put what is known now in place of what was known before."""
    session.merge(
        SourceRow(
            url=source.url,
            branch=source.branch,
            revision=source.revision,
            checked_at=source.checked_at,
            failing_since=source.failing_since,
            message=source.message,
        )
    )
    session.flush()
    return source


def list_sources(session: Session) -> list[SourceRecord]:
    """All repositories, by URL and branch."""
    rows = session.scalars(select(SourceRow).order_by(SourceRow.url, SourceRow.branch))
    return [
        SourceRecord(
            url=row.url,
            branch=row.branch,
            revision=None if row.revision is None else Revision(row.revision),
            checked_at=row.checked_at,
            failing_since=row.failing_since,
            message=row.message,
        )
        for row in rows
    ]
