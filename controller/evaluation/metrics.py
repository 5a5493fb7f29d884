"""The metrics: value, interval, and paired difference of each, over scored rows. Pure.

Each is of a kind, by what its interval needs: a rate or another mean (``means``), an average over
labels (``macro``, ``label_sets``), a ranking (``ranking``), or a sum over confidence bins
(``calibration``). Differences are always over the same rows, first less second.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from controller.evaluation.calibration import CalibrationError, CalibrationExcess
from controller.evaluation.intervals import CONFIDENCE, ONE_SIDED, Bounds
from controller.evaluation.label_sets import Micro
from controller.evaluation.macro import Macro, f1, precision, recall
from controller.evaluation.means import Mean, Perplexity, Rate
from controller.evaluation.ranking import RocAuc, can_rank
from controller.evaluation.scored_rows import ScoredRows
from registry.records import Estimate


class Metric(Protocol):
    """One measured quantity of scored rows."""

    @property
    def method(self) -> str:
        """How the interval of its value is made."""

    @property
    def paired_method(self) -> str:
        """How the interval of a difference is made."""

    def value(self, rows: ScoredRows) -> float:
        """Measure the rows."""

    def bounds(self, rows: ScoredRows, confidence: float) -> Bounds:
        """Two-sided interval of ``value``."""

    def difference(self, first: ScoredRows, second: ScoredRows, confidence: float) -> Bounds:
        """Two-sided interval of ``value(first) - value(second)`` on the same rows."""


@dataclass(frozen=True)
class Difference:
    """A paired difference, with the bounds that each hold with 95 % confidence on their side."""

    estimate: Estimate
    low: float
    high: float


METRICS: Mapping[str, Metric] = {
    "accuracy": Rate("correct"),
    "precision_macro": Macro(precision),
    "recall_macro": Macro(recall),
    "f1_macro": Macro(f1),
    "precision_micro": Micro(precision),
    "recall_micro": Micro(recall),
    "f1_micro": Micro(f1),
    "loss": Mean("loss"),
    "roc_auc": RocAuc(),
    "expected_calibration_error": CalibrationError(),
    "calibration_excess": CalibrationExcess(),
    "perplexity": Perplexity(),
    "exact_match": Rate("exact_match"),
    "token_f1": Mean("token_f1", is_share=True),
    "rouge_l": Mean("rouge_l", is_share=True),
    "chrf": Mean("chrf", is_share=True),
    "pattern_match": Rate("pattern_match"),
    "json_valid": Rate("json_valid"),
    "judge_score": Mean("judge_score", is_share=True),
}
"""Every metric that is a function of scored rows."""


def is_measurable(metric: str, rows: ScoredRows) -> bool:
    """Whether these rows have a value of ``metric``.

    A ranking needs rows of two labels, and a mean the score of each row, which validation rows
    lack where a judge gives it.
    """
    match METRICS.get(metric):
        case None:
            return False
        case RocAuc():
            return can_rank(rows)
        case Rate(column=column) | Mean(column=column):
            return column in rows.scores
        case _:
            return True


def measure(metric: str, rows: ScoredRows) -> Estimate:
    """Estimate a metric of ``METRICS`` over all of ``rows`` (at least one), with its interval."""
    found = _of(metric, rows)
    low, high = found.bounds(rows, CONFIDENCE)
    return Estimate(found.value(rows), low, high, len(rows), found.method)


def measure_difference(metric: str, first: ScoredRows, second: ScoredRows) -> Difference:
    """Estimate ``first`` less ``second`` over the same rows (as ``paired`` returns them)."""
    found = _of(metric, first)
    value = found.value(first) - found.value(second)
    low, high = found.difference(first, second, CONFIDENCE)
    estimate = Estimate(value, low, high, len(first), found.paired_method)
    return Difference(estimate, *found.difference(first, second, ONE_SIDED))


def _of(metric: str, rows: ScoredRows) -> Metric:
    """Where each row has one label, a micro average is the accuracy."""
    found = METRICS[metric]
    return METRICS["accuracy"] if isinstance(found, Micro) and rows.right_sets is None else found
