"""Macro averages over labels: precision, recall and F1, with a bootstrap over cells. Pure.

The average is over the labels that occur among the right answers of the rows at hand. A label that
is never predicted has precision 0.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from controller.evaluation import label_sets
from controller.evaluation.intervals import Bounds, tango, wilson
from controller.evaluation.resampling import cells_of, centred, resampled_cells
from controller.evaluation.scored_rows import FloatArray, IntArray, ScoredRows

Average = Callable[[FloatArray, FloatArray, FloatArray], FloatArray]
"""(hits, right, predicted) per label → the metric per label; the last axis is the label."""


def precision(hits: FloatArray, _right: FloatArray, predicted: FloatArray) -> FloatArray:
    """Share of the answers with a label that were right."""
    return _share(hits, predicted)


def recall(hits: FloatArray, right: FloatArray, _predicted: FloatArray) -> FloatArray:
    """Share of the rows of a label that were found."""
    return _share(hits, right)


def f1(hits: FloatArray, right: FloatArray, predicted: FloatArray) -> FloatArray:
    """Harmonic mean of precision and recall."""
    return _share(2 * hits, right + predicted)


@dataclass(frozen=True)
class Macro:
    """A macro-averaged metric."""

    per_label: Average
    method: str = "bootstrap"
    paired_method: str = "paired bootstrap"

    def value(self, rows: ScoredRows) -> float:
        """Measure the rows."""
        if rows.right_sets is not None:
            return label_sets.value(rows, self.per_label)
        labels, predicted = _codes(rows)
        cells, counts = cells_of(labels, predicted)
        weights = counts[np.newaxis].astype(np.float64)
        return float(self._average(weights, cells[:, 0], cells[:, 1])[0])

    def bounds(self, rows: ScoredRows, confidence: float) -> Bounds:
        """Bootstrap interval, never narrower than Wilson's of the accuracy on the same rows.

        Where every answer is right no resample differs, and the bootstrap alone would be certain.
        """
        if rows.right_sets is not None:
            return label_sets.bounds(rows, self.per_label, confidence)
        labels, predicted = _codes(rows)
        cells, counts = cells_of(labels, predicted)
        resampled = resampled_cells(
            counts, lambda weights: self._average(weights, cells[:, 0], cells[:, 1])
        )
        value = self.value(rows)
        low, high = centred(value, resampled, confidence)
        accuracy = float((labels == predicted).mean())
        floor = wilson(accuracy, len(rows), confidence)
        return (
            max(0.0, min(low, value - (accuracy - floor[0]))),
            min(1.0, max(high, value + (floor[1] - accuracy))),
        )

    def difference(self, first: ScoredRows, second: ScoredRows, confidence: float) -> Bounds:
        """Bootstrap over the pairs, never narrower than Tango's of the accuracy."""
        if first.right_sets is not None:
            return label_sets.difference(first, second, self.per_label, confidence)
        labels, mine = _codes(first)
        _, theirs = _codes(second)
        cells, counts = cells_of(labels, mine, theirs)
        right = cells[:, 0]
        resampled = resampled_cells(
            counts,
            lambda weights: (
                self._average(weights, right, cells[:, 1])
                - self._average(weights, right, cells[:, 2])
            ),
        )
        value = self.value(first) - self.value(second)
        low, high = centred(value, resampled, confidence)
        gained = int(((mine == labels) & (theirs != labels)).sum())
        lost = int(((mine != labels) & (theirs == labels)).sum())
        net = (gained - lost) / len(first)
        floor = tango(gained, lost, len(first), confidence)
        return min(low, value - (net - floor[0])), max(high, value + (floor[1] - net))

    def _average(self, weights: FloatArray, labels: IntArray, predicted: IntArray) -> FloatArray:
        """Average over the labels that occur, for each row of weights."""
        present = np.unique(labels)
        right = weights @ _one_hot(labels, present)
        answered = weights @ _one_hot(predicted, present)
        hits = (weights * (labels == predicted)) @ _one_hot(labels, present)
        occurs = right > 0
        each = np.where(occurs, self.per_label(hits, right, answered), 0.0)
        averages: FloatArray = each.sum(axis=1) / np.maximum(occurs.sum(axis=1), 1)
        return averages


def per_label_counts(rows: ScoredRows) -> tuple[IntArray, IntArray, IntArray]:
    """Return hits, right answers and predictions of every label."""
    if rows.right_sets is not None and rows.predicted_sets is not None:
        right, answered = rows.right_sets, rows.predicted_sets
        return (right & answered).sum(axis=0), right.sum(axis=0), answered.sum(axis=0)
    labels, predicted = _codes(rows)
    size = len(rows.names)
    return (
        np.bincount(labels[labels == predicted], minlength=size),
        np.bincount(labels, minlength=size),
        np.bincount(predicted, minlength=size),
    )


def _codes(rows: ScoredRows) -> tuple[IntArray, IntArray]:
    assert rows.labels is not None, "macro averages are for classification"
    assert rows.predicted is not None
    return rows.labels, rows.predicted


def _one_hot(codes: IntArray, present: IntArray) -> FloatArray:
    hot: FloatArray = (codes[:, np.newaxis] == present).astype(np.float64)
    return hot


def _share(part: FloatArray, whole: FloatArray) -> FloatArray:
    shares: FloatArray = part / np.maximum(whole, 1e-12)
    return shares
