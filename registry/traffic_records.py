"""Frozen records of the traffic: what was answered, and what detectors said about it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from registry.records import Json


@dataclass(frozen=True)
class SignalDraft:
    """What a detector says about one model's traffic."""

    model: str
    version: int
    detector: str
    statistic: float
    threshold: float
    evidence_ratio: float
    """Log evidence over log threshold: 1 means alarm, whatever the detector."""
    is_alarm: bool
    n: int
    """Requests in the current window."""
    cause: Json
    """What moved most: labels, terms, example request ids."""


@dataclass(frozen=True)
class SignalRecord:
    """A stored signal."""

    id: int
    at: datetime
    model: str
    version: int
    detector: str
    statistic: float
    threshold: float
    evidence_ratio: float
    is_alarm: bool
    n: int
    cause: Json


@dataclass(frozen=True)
class Observation:
    """One answered text, as the gateway captured it."""

    request_id: str
    model: str
    version: int
    at: datetime
    text: str
    label: str | None
    score: float | None
    """Probability of ``label``, 0 to 1; None for generated text."""
    slices: Mapping[str, str]
    latency_seconds: float


@dataclass(frozen=True)
class StoredObservation:
    """An observation with its place in the stream of one model."""

    sequence: int
    observation: Observation
