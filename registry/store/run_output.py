"""What a job says while it runs: log lines and curve points. Both only grow."""

from collections.abc import Sequence

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from registry.records import CurvePoint, LogLine
from registry.store.payloads import read_number, stored_number
from registry.store.tables import LogRow, PointRow


def append_log(session: Session, run_id: str, lines: Sequence[str]) -> None:
    """Append printed lines to the log of a run."""
    if lines:
        session.execute(insert(LogRow), [{"run_id": run_id, "text": line} for line in lines])


def read_log(session: Session, run_id: str, *, after: int = 0, limit: int = 1000) -> list[LogLine]:
    """Lines in the order they were printed, from behind sequence ``after``."""
    rows = session.execute(
        select(LogRow.sequence, LogRow.text)
        .where(LogRow.run_id == run_id, LogRow.sequence > after)
        .order_by(LogRow.sequence)
        .limit(limit)
    )
    return [LogLine(sequence, text) for sequence, text in rows]


def tail_log(session: Session, run_id: str, *, limit: int) -> list[LogLine]:
    """The last lines, in the order they were printed."""
    rows = session.execute(
        select(LogRow.sequence, LogRow.text)
        .where(LogRow.run_id == run_id)
        .order_by(LogRow.sequence.desc())
        .limit(limit)
    )
    return [LogLine(sequence, text) for sequence, text in reversed(rows.all())]


def append_points(session: Session, run_id: str, points: Sequence[CurvePoint]) -> None:
    """Append measured values to the curves of a run; one that is not finite is kept as such."""
    if points:
        rows = [
            {
                "run_id": run_id,
                "step": point.step,
                "name": point.name,
                "value": stored_number(point.value),
            }
            for point in points
        ]
        session.execute(insert(PointRow), rows)


def read_points(session: Session, run_id: str) -> list[CurvePoint]:
    """All points in the order they were measured; NaN for a value that was not finite.

    A resumed run repeats the steps since its checkpoint: the last value of a step stands.
    """
    rows = session.execute(
        select(PointRow.step, PointRow.name, PointRow.value)
        .where(PointRow.run_id == run_id)
        .order_by(PointRow.sequence)
    )
    points = {(step, name): read_number(value) for step, name, value in rows}
    return [CurvePoint(step, name, value) for (step, name), value in points.items()]
