"""The two windows that every detector compares, as values.

The reference window is made of held-out rows, judged by the version that is live; evaluation
writes it (``reference.json``). The current window is the last requests that this version answered.
"""

import json
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from statistics import fmean
from typing import Any, Protocol

from monitors.text import unknown_ratio, unknown_words, vocabulary_of
from registry.errors import NotFoundError
from registry.records import EvaluationRecord
from registry.traffic_records import StoredObservation
from specs.names import Digest

REFERENCE_FILE = "reference.json"
LEAST_REFERENCE_ROWS = 50
"""Fewer held-out rows can be told from nothing: no detector runs, and a metric says so."""


class ReadsArtifacts(Protocol):
    """The part of the artifact store that is needed here."""

    def read_bytes(self, digest: Digest) -> bytes:
        """Give the bytes of a blob, verified."""


@dataclass(frozen=True)
class ReferenceRow:
    """One held-out row, with what the version predicts for it."""

    text: str
    label: str | None
    """The predicted label, not the true one; None for generated text."""


@dataclass(frozen=True)
class Reference:
    """What traffic looked like when the version was judged."""

    vocabulary: frozenset[str]
    rows: tuple[ReferenceRow, ...]

    @property
    def is_large_enough(self) -> bool:
        """Whether anything can be compared with it."""
        return len(self.rows) >= LEAST_REFERENCE_ROWS

    @property
    def labels(self) -> list[str]:
        """Predicted labels of the rows that have one."""
        return [row.label for row in self.rows if row.label is not None]

    @cached_property
    def unknown_mean(self) -> float:
        """Mean share of words outside the vocabulary."""
        ratios = [unknown_ratio(row.text, self.vocabulary) for row in self.rows]
        return fmean(ratios) if ratios else 0.0

    @cached_property
    def unknown_term_rows(self) -> Mapping[str, int]:
        """Word outside the vocabulary → reference rows it stands in."""
        counts: dict[str, int] = {}
        for row in self.rows:
            for term in set(unknown_words(row.text, self.vocabulary)):
                counts[term] = counts.get(term, 0) + 1
        return counts


def parse_reference(content: Mapping[str, Any]) -> Reference:
    """Read what ``reference.json`` says."""
    return Reference(
        vocabulary=vocabulary_of(content["vocabulary"]),
        rows=tuple(ReferenceRow(row["text"], row.get("label")) for row in content["rows"]),
    )


def load_reference(artifacts: ReadsArtifacts, evaluation: EvaluationRecord) -> Reference:
    """Load the reference window that belongs to an evaluation.

    Raises:
        NotFoundError: The evaluation left no reference.
    """
    blob = evaluation.files.get(REFERENCE_FILE)
    if blob is None:
        raise NotFoundError(
            "reference window of version",
            f"{evaluation.model}@{evaluation.version}",
            fix="evaluate the version again",
        )
    return parse_reference(json.loads(artifacts.read_bytes(blob.digest)))


class CurrentWindow:
    """The last requests, newest last; a ring of a fixed size."""

    def __init__(self, size: int) -> None:
        """``size`` is in requests."""
        self.size = size
        self._ring: deque[StoredObservation] = deque(maxlen=size)

    def add(self, stored: StoredObservation) -> None:
        """Take in the next request; the oldest one leaves when the window is full."""
        self._ring.append(stored)

    def __len__(self) -> int:
        return len(self._ring)

    @property
    def rows(self) -> tuple[StoredObservation, ...]:
        """The window as a value, oldest first."""
        return tuple(self._ring)
