"""The metrics: value, interval, and paired difference of each, over scored rows. Pure.

A metric is one of four kinds, by what its interval needs: a rate, a mean, a macro average over
labels, or a sum over confidence bins. Differences are always over the same rows, first less second.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from controller.evaluation.intervals import (
    CONFIDENCE,
    ONE_SIDED,
    Bounds,
    mean_half_width,
    tango,
    wilson,
)
from controller.evaluation.label_sets import MicroF1
from controller.evaluation.macro import Macro, f1, precision, recall
from controller.evaluation.resampling import centred, resampled_bins
from controller.evaluation.scored_rows import FloatArray, IntArray, ScoredRows
from registry.records import Estimate

CALIBRATION_BINS = 15


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


@dataclass(frozen=True)
class Rate:
    """Share of the rows whose 0/1 score is 1."""

    column: str
    method: str = "wilson"
    paired_method: str = "tango"

    def value(self, rows: ScoredRows) -> float:
        """Measure the rows."""
        return float(rows.scores[self.column].mean())

    def bounds(self, rows: ScoredRows, confidence: float) -> Bounds:
        """Wilson's interval."""
        return wilson(self.value(rows), len(rows), confidence)

    def difference(self, first: ScoredRows, second: ScoredRows, confidence: float) -> Bounds:
        """Tango's interval: what counts are the rows on which the two disagree."""
        mine, theirs = first.scores[self.column], second.scores[self.column]
        gained, lost = int((mine > theirs).sum()), int((mine < theirs).sum())
        return tango(gained, lost, len(first), confidence)


@dataclass(frozen=True)
class Mean:
    """Mean of a per-row score."""

    column: str
    is_share: bool = False
    """Whether each row's score lies between 0 and 1."""
    method: str = "normal"
    paired_method: str = "paired normal"

    def value(self, rows: ScoredRows) -> float:
        """Measure the rows."""
        return float(rows.scores[self.column].mean())

    def bounds(self, rows: ScoredRows, confidence: float) -> Bounds:
        """Student's interval; Wilson's for shares that do not vary at all."""
        scores, value = rows.scores[self.column], self.value(rows)
        if self.is_share and scores.std() == 0:
            return wilson(value, len(rows), confidence)
        half = mean_half_width(_deviation(scores), len(rows), confidence)
        low, high = value - half, value + half
        return (max(0.0, low), min(1.0, high)) if self.is_share else (low, high)

    def difference(self, first: ScoredRows, second: ScoredRows, confidence: float) -> Bounds:
        """Student's interval of the differences row by row."""
        differences = first.scores[self.column] - second.scores[self.column]
        half = mean_half_width(_deviation(differences), len(first), confidence)
        if half == 0 and self.is_share:
            return tango(0, 0, len(first), confidence)
        value = float(differences.mean())
        return value - half, value + half


@dataclass(frozen=True)
class Perplexity:
    """Exponential of the mean loss: an interval of the loss, carried over."""

    loss: Mean = Mean("loss")
    method: str = "normal"
    paired_method: str = "delta"

    def value(self, rows: ScoredRows) -> float:
        """Measure the rows."""
        return math.exp(self.loss.value(rows))

    def bounds(self, rows: ScoredRows, confidence: float) -> Bounds:
        """The loss's interval, each end raised."""
        low, high = self.loss.bounds(rows, confidence)
        return math.exp(low), math.exp(high)

    def difference(self, first: ScoredRows, second: ScoredRows, confidence: float) -> Bounds:
        """The ratio's interval, from the paired losses, times the second's perplexity."""
        low, high = self.loss.difference(first, second, confidence)
        base = self.value(second)
        return base * (math.exp(low) - 1), base * (math.exp(high) - 1)


@dataclass(frozen=True)
class CalibrationError:
    """Expected calibration error: how far confidence and accuracy lie apart, over bins.

    Biased upward for few rows: a perfectly calibrated model shows about .07 at n = 300.
    """

    method: str = "bootstrap"
    paired_method: str = "paired bootstrap"

    def value(self, rows: ScoredRows) -> float:
        """Measure the rows."""
        bins, gaps = _gaps(rows)
        sums = np.bincount(bins, weights=gaps, minlength=CALIBRATION_BINS)
        return float(np.abs(sums).sum() / len(rows))

    def bounds(self, rows: ScoredRows, confidence: float) -> Bounds:
        """Bootstrap over rows, its own upward bias removed; at least as wide as accuracy's."""
        bins, gaps = _gaps(rows)
        sums = resampled_bins(bins, gaps, CALIBRATION_BINS)
        value = self.value(rows)
        low, high = centred(value, np.abs(sums).sum(axis=1) / len(rows), confidence)
        accuracy = float(rows.scores["correct"].mean())
        floor = wilson(accuracy, len(rows), confidence)
        # More wrong answers than were seen would widen the gap by as much.
        return max(0.0, low), min(1.0, max(high, value + (accuracy - floor[0])))

    def difference(self, first: ScoredRows, second: ScoredRows, confidence: float) -> Bounds:
        """Bootstrap over the pairs."""
        bins, gaps = _gaps(first)
        other_bins, other_gaps = _gaps(second)
        # The seed is the same, so both are measured on the same resampled rows.
        mine = np.abs(resampled_bins(bins, gaps, CALIBRATION_BINS)).sum(axis=1)
        theirs = np.abs(resampled_bins(other_bins, other_gaps, CALIBRATION_BINS)).sum(axis=1)
        value = self.value(first) - self.value(second)
        return centred(value, (mine - theirs) / len(first), confidence)


METRICS: Mapping[str, Metric] = {
    "accuracy": Rate("correct"),
    "precision_macro": Macro(precision),
    "recall_macro": Macro(recall),
    "f1_macro": Macro(f1),
    "f1_micro": MicroF1(),
    "loss": Mean("loss"),
    "expected_calibration_error": CalibrationError(),
    "perplexity": Perplexity(),
    "exact_match": Rate("exact_match"),
    "token_f1": Mean("token_f1", is_share=True),
}
"""Every metric that is a function of scored rows."""


def measure(metric: str, rows: ScoredRows) -> Estimate:
    """Estimate a metric of ``METRICS`` over all of ``rows`` (at least one), with its interval."""
    found = METRICS[metric]
    low, high = found.bounds(rows, CONFIDENCE)
    return Estimate(found.value(rows), low, high, len(rows), found.method)


def measure_difference(metric: str, first: ScoredRows, second: ScoredRows) -> Difference:
    """Estimate ``first`` less ``second`` over the same rows (as ``paired`` returns them)."""
    found = METRICS[metric]
    value = found.value(first) - found.value(second)
    low, high = found.difference(first, second, CONFIDENCE)
    estimate = Estimate(value, low, high, len(first), found.paired_method)
    return Difference(estimate, *found.difference(first, second, ONE_SIDED))


def _deviation(values: FloatArray) -> float:
    return float(values.std(ddof=1)) if len(values) > 1 else math.inf


def _gaps(rows: ScoredRows) -> tuple[IntArray, FloatArray]:
    """Return each row's confidence bin, and its correctness less its confidence."""
    scores = rows.scores["score"]
    bins = np.clip((scores * CALIBRATION_BINS).astype(np.int64), 0, CALIBRATION_BINS - 1)
    return bins, rows.scores["correct"] - scores
