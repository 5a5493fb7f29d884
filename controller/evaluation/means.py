"""Metrics that are a mean over the rows: rates, other means, and the perplexity of one. Pure."""

import math
from dataclasses import dataclass

from controller.evaluation.intervals import Bounds, mean_half_width, tango, wilson
from controller.evaluation.scored_rows import FloatArray, ScoredRows


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


def _deviation(values: FloatArray) -> float:
    return float(values.std(ddof=1)) if len(values) > 1 else math.inf
