"""What the gateway asks of whatever runs a model: load a version, predict texts. Nothing more.

The gateway knows these Protocols only. ``hf_engine`` implements them over torch; a fake implements
them in the tests; an engine that asks another server would fit here too.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from specs.names import label_set


@dataclass(frozen=True, slots=True)
class Classified:
    """The answer of a classifier to one text."""

    label: str
    score: float
    """Probability of ``label``, 0 to 1."""
    scores: Mapping[str, float]
    """Every label's probability, in the order of the version's labels."""


@dataclass(frozen=True, slots=True)
class Labelled:
    """The answer of a multi-label classifier to one text."""

    labels: Sequence[str]
    """Those whose probability reaches the version's threshold; maybe none."""
    scores: Mapping[str, float]
    """Every label's own probability, in the order of the version's labels."""
    score: float
    """Probability, 0 to 1, of the least certain of the yes and no that were answered."""

    @property
    def label(self) -> str:
        """The set in words, for captured traffic and counts."""
        return label_set(self.labels)


@dataclass(frozen=True, slots=True)
class Generated:
    """The answer of a generator to one prompt."""

    text: str


Prediction = Classified | Labelled | Generated


class LoadedModel(Protocol):
    """A version in memory. Called from one thread at a time; dropped when nobody holds it."""

    @property
    def labels(self) -> Sequence[str]:
        """The labels in their own order; empty for a generator."""

    def predict(self, texts: Sequence[str]) -> Sequence[Prediction]:
        """Answer ``texts``, one prediction each, in their order."""


class Engine(Protocol):
    """Makes a version answer."""

    def load(self, folder: Path) -> LoadedModel:
        """Load the version whose verified files lie in ``folder``.

        Raises:
            TrueupError: The version or its base model cannot be used.
        """
