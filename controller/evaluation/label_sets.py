"""Averages over sets of labels (multi-label): macro and micro, with a bootstrap over rows. Pure.

Macro is the average over the labels that occur among the right answers of the rows at hand, as it
is for single labels; micro counts every yes of every label alike. No interval is narrower than that
of the subset accuracy (the whole set is right) on the same rows.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from controller.evaluation.intervals import Bounds, tango, wilson
from controller.evaluation.resampling import MAX_DRAWS, MIN_RESAMPLES, RESAMPLES, centred
from controller.evaluation.scored_rows import BoolArray, FloatArray, ScoredRows

Average = Callable[[FloatArray, FloatArray, FloatArray], FloatArray]
"""(hits, right, predicted) per label → the metric per label; the last axis is the label."""
_SEED = 2_027


def value(rows: ScoredRows, per_label: Average) -> float:
    """Macro average of the rows."""
    return float(_macro(rows, np.ones((1, len(rows))), per_label)[0])


def bounds(rows: ScoredRows, per_label: Average, confidence: float) -> Bounds:
    """Bootstrap interval of a macro average."""
    return _bounds(rows, lambda weights: _macro(rows, weights, per_label), confidence)


def difference(
    first: ScoredRows, second: ScoredRows, per_label: Average, confidence: float
) -> Bounds:
    """Bootstrap interval of the difference of two macro averages, over the pairs."""

    def measure(weights: FloatArray) -> FloatArray:
        return _macro(first, weights, per_label) - _macro(second, weights, per_label)

    return _difference(first, second, measure, confidence)


@dataclass(frozen=True)
class Micro:
    """A micro average: the metric of all decisions, each yes of each label counting alike."""

    per_label: Average
    method: str = "bootstrap"
    paired_method: str = "paired bootstrap"

    def value(self, rows: ScoredRows) -> float:
        """Measure the rows."""
        return float(_micro(rows, np.ones((1, len(rows))), self.per_label)[0])

    def bounds(self, rows: ScoredRows, confidence: float) -> Bounds:
        """Bootstrap over rows."""
        return _bounds(rows, lambda weights: _micro(rows, weights, self.per_label), confidence)

    def difference(self, first: ScoredRows, second: ScoredRows, confidence: float) -> Bounds:
        """Bootstrap over the pairs."""

        def measure(weights: FloatArray) -> FloatArray:
            mine = _micro(first, weights, self.per_label)
            return mine - _micro(second, weights, self.per_label)

        return _difference(first, second, measure, confidence)


def _bounds(
    rows: ScoredRows, measure: Callable[[FloatArray], FloatArray], confidence: float
) -> Bounds:
    found = float(measure(np.ones((1, len(rows))))[0])
    low, high = centred(found, _resampled(len(rows), measure), confidence)
    accuracy = float(rows.scores["correct"].mean())
    floor = wilson(accuracy, len(rows), confidence)
    return (
        max(0.0, min(low, found - (accuracy - floor[0]))),
        min(1.0, max(high, found + (floor[1] - accuracy))),
    )


def _difference(
    first: ScoredRows,
    second: ScoredRows,
    measure: Callable[[FloatArray], FloatArray],
    confidence: float,
) -> Bounds:
    found = float(measure(np.ones((1, len(first))))[0])
    low, high = centred(found, _resampled(len(first), measure), confidence)
    mine, theirs = first.scores["correct"], second.scores["correct"]
    gained, lost = int((mine > theirs).sum()), int((mine < theirs).sum())
    net, floor = (gained - lost) / len(first), tango(gained, lost, len(first), confidence)
    return min(low, found - (net - floor[0])), max(high, found + (floor[1] - net))


def _resampled(n: int, measure: Callable[[FloatArray], FloatArray]) -> FloatArray:
    """Value of ``measure`` in each resample; it takes how often each row was drawn."""
    random = np.random.default_rng(_SEED)
    resamples = max(MIN_RESAMPLES, min(RESAMPLES, MAX_DRAWS // n))
    chunk = max(1, MAX_DRAWS // (10 * n))
    draws = (min(chunk, resamples - start) for start in range(0, resamples, chunk))
    found = [
        measure(random.multinomial(n, np.full(n, 1 / n), size).astype(float)) for size in draws
    ]
    return np.concatenate(found)


def _macro(rows: ScoredRows, weights: FloatArray, per_label: Average) -> FloatArray:
    hits, right, answered = _counts(rows, weights)
    occurs = right > 0
    each = np.where(occurs, per_label(hits, right, answered), 0.0)
    averages: FloatArray = each.sum(axis=1) / np.maximum(occurs.sum(axis=1), 1)
    return averages


def _micro(rows: ScoredRows, weights: FloatArray, per_label: Average) -> FloatArray:
    return per_label(*(counts.sum(axis=1) for counts in _counts(rows, weights)))


def _counts(rows: ScoredRows, weights: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    right, answered = sets_of(rows)
    return weights @ (right & answered), weights @ right, weights @ answered


def sets_of(rows: ScoredRows) -> tuple[BoolArray, BoolArray]:
    """Right and predicted sets, [rows, labels] each."""
    assert rows.right_sets is not None, "averages over sets are for multi-label"
    assert rows.predicted_sets is not None
    return rows.right_sets, rows.predicted_sets
