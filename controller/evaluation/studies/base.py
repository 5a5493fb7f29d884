"""What a study is: one more question about a version, asked after its metrics are measured.

A study is one file or folder here, named once in ``STUDIES``. What it finds becomes metrics that
gates judge by their dotted names, a part of the report, and files that are stored with the version.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from controller.evaluation.predictors import JudgedRow, Predictor, PreparedRow, Tell
from registry.records import Estimate
from specs.evaluation import Evaluation


@dataclass(frozen=True)
class Bench:
    """What studies work with: one loaded version, its held-out rows, and what is declared."""

    evaluation: Evaluation
    """The spec's section: what is asked for."""
    predictor: Predictor
    """The version, loaded. It keeps its answers: to ask for a text again costs nothing."""
    rows: Sequence[PreparedRow]
    """All test rows, also those that gates leave out (``excluded`` in ``judged``)."""
    judged: Sequence[JudgedRow]
    """What the version made of ``rows``, in the same order."""
    training_rows: Callable[[], list[PreparedRow]]
    """Reads the rows that the version was trained on."""
    seed: int
    """Of every random choice."""
    version: Path
    """The version's folder."""
    base: Path
    """The folder of the base that it stands on."""
    own_files: Mapping[str, Path]
    """A path in the repository that ``evaluation`` names → where its content lies here."""
    tell: Callable[[str], Tell]
    """Phase in words → whom to tell how far it is."""

    @property
    def counted(self) -> list[int]:
        """Places of the rows that gates judge."""
        return [index for index, line in enumerate(self.judged) if "excluded" not in line]


@dataclass(frozen=True)
class Studied:
    """What one study found."""

    metrics: Mapping[str, Estimate] = field(default_factory=dict)
    """Dotted name → estimate: exactly those that ``specs.study_metrics`` promises."""
    report: Any = None
    """JSON for people and pages; stored as ``report[<name of the study>]``."""
    files: Mapping[str, Any] = field(default_factory=dict)
    """File name → JSON document, stored beside ``rows.jsonl``."""


class Study(Protocol):
    """One question about a version."""

    def is_wanted(self, evaluation: Evaluation) -> bool:
        """Whether the spec asks for it."""

    def run(self, bench: Bench) -> Studied:
        """Answer it.

        Raises:
            EvaluationError: It cannot be answered on these rows; says why, and what to do.
        """
