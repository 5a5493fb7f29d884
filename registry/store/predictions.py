"""Predictions: captured traffic, one stream per model, read on from where a reader stopped."""

from collections.abc import Sequence

from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session

from registry.store.payloads import stored_number
from registry.store.streams import write_in_order
from registry.store.tables import PredictionRow
from registry.traffic_records import Observation, StoredObservation


def record_observations(session: Session, observations: Sequence[Observation]) -> None:
    """Append answered texts, in the given order."""
    if observations:
        write_in_order(session, "predictions")
        session.execute(insert(PredictionRow), [_columns(one) for one in observations])


def read_observations(
    session: Session, model: str, version: int, *, after: int, limit: int
) -> list[StoredObservation]:
    """Observations of one version, in order, from behind sequence ``after``."""
    rows = session.scalars(
        select(PredictionRow)
        .where(
            PredictionRow.model == model,
            PredictionRow.version == version,
            PredictionRow.sequence > after,
        )
        .order_by(PredictionRow.sequence)
        .limit(limit)
    )
    return [_stored(row) for row in rows]


def count_observations(session: Session, model: str, version: int) -> int:
    """How many observations of a version are stored."""
    query = select(func.count()).where(
        PredictionRow.model == model, PredictionRow.version == version
    )
    return session.scalar(query.select_from(PredictionRow)) or 0


def _columns(observation: Observation) -> dict[str, object]:
    score = observation.score
    return {
        "request_id": observation.request_id,
        "model": observation.model,
        "version": observation.version,
        "at": observation.at,
        "text": observation.text,
        "label": observation.label,
        "score": None if score is None else stored_number(score),
        "slices": dict(observation.slices),
        "latency_seconds": observation.latency_seconds,
    }


def _stored(row: PredictionRow) -> StoredObservation:
    return StoredObservation(
        sequence=row.sequence,
        observation=Observation(
            request_id=row.request_id,
            model=row.model,
            version=row.version,
            at=row.at,
            text=row.text,
            label=row.label,
            score=row.score,
            slices=row.slices,
            latency_seconds=row.latency_seconds,
        ),
    )
