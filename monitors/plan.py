"""Which detectors a version gets: from ``spec.monitoring`` and its reference window."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from monitors import causes
from monitors.budget import Budget
from monitors.detectors.prediction import PredictionDetector
from monitors.detectors.score import ScoreDetector, cell_of_length, cell_of_ratio
from monitors.evaluator import Evaluator
from monitors.text import unknown_ratio
from monitors.watch import AnyWatch, Watch
from monitors.windows import Reference
from registry.traffic_records import Observation
from specs.monitoring import Monitoring


@dataclass(frozen=True)
class Target:
    """Whose traffic is watched."""

    model: str
    version: int


def monitoring_of(spec: Mapping[str, Any] | None) -> Monitoring:
    """Read ``spec.monitoring`` from a stored spec; the defaults where there is none."""
    body = (spec or {}).get("spec", spec) or {}
    return Monitoring.model_validate(body.get("monitoring", {}))


def build_evaluator(
    target: Target,
    reference: Reference,
    monitoring: Monitoring,
    *,
    least_requests_per_day: float,
) -> Evaluator:
    """Make the detectors that are declared and can work on this reference; maybe none."""
    watches: list[AnyWatch] = []
    if reference.is_large_enough:
        if "prediction" in monitoring.detectors:
            watches += _prediction(reference, monitoring.window.size)
        if "text" in monitoring.detectors:
            watches += _text(target, reference, monitoring.window.size)
    false_alarms = monitoring.false_alarms
    return Evaluator(
        target.model,
        target.version,
        reference=reference,
        watches=watches,
        window=monitoring.window.size,
        budget=Budget(false_alarms.at_most, false_alarms.period, least_requests_per_day),
    )


def _prediction(reference: Reference, window: int) -> list[AnyWatch]:
    """Generated text has no label, so that its versions get none."""
    if len(reference.labels) < len(reference.rows):
        return []
    detector = PredictionDetector(reference.labels, window=window)
    explain = causes.explain_prediction
    return [Watch("prediction", detector, read=lambda o: o.label, explain=explain)]


def _text(target: Target, reference: Reference, window: int) -> list[AnyWatch]:
    """Unknown words only ever worry when there are more of them; a length can move both ways."""

    def unknown_cell(text: str) -> int:
        return cell_of_ratio(unknown_ratio(text, reference.vocabulary))

    def length_cell(text: str) -> int:
        return cell_of_length(len(text))

    def read_unknown(observation: Observation) -> int:
        return unknown_cell(observation.text)

    def read_length(observation: Observation) -> int:
        return length_cell(observation.text)

    texts = [row.text for row in reference.rows]
    vocabulary = ScoreDetector(
        map(unknown_cell, texts),
        window=window,
        direction="higher",
        seed=seed_of(target, "text_vocabulary"),
    )
    length = ScoreDetector(
        map(length_cell, texts),
        window=window,
        direction="either",
        seed=seed_of(target, "text_length"),
    )
    return [
        Watch("text_vocabulary", vocabulary, read=read_unknown, explain=causes.explain_vocabulary),
        Watch("text_length", length, read=read_length, explain=causes.explain_length),
    ]


def seed_of(target: Target, detector: str) -> int:
    """Give the seed of a detector's random ties: the same after every restart."""
    name = f"{target.model}@{target.version}/{detector}".encode()
    return int.from_bytes(hashlib.sha256(name).digest()[:8], "big")
