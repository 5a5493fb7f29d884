"""Calibration: whether a version is right as often as its probabilities say. Pure.

The expected calibration error is biased upward where rows are few: a version whose probabilities
are exactly right shows about .12 over 100 rows and .02 over 3,000. So it is held against its own
null, what a perfectly calibrated version with these very probabilities would show on this many
rows, as Bröcker and Smith do for reliability diagrams (Weather and Forecasting 22, 2007). The bins
are those of Guo et al., On Calibration of Modern Neural Networks (ICML 2017): 15 of equal width.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from controller.evaluation.intervals import Bounds, wilson
from controller.evaluation.resampling import centred, resampled_bins
from controller.evaluation.scored_rows import FloatArray, IntArray, ScoredRows

CALIBRATION_BINS = 15
NULL_DRAWS = 500
NULL_LEVEL = 0.95
MAX_ROWS_DRAWN_ONE_BY_ONE = 20_000
"""With more rows, each bin's sum is drawn as the normal that it then is."""
_CHUNK = 2_000_000
_SEED = 2_027


@dataclass(frozen=True)
class CalibrationNull:
    """The calibration error that a perfectly calibrated version would show on the same rows."""

    mean: float
    quantile: float
    """In ``NULL_LEVEL`` of the cases it shows less."""


def calibration_null(rows: ScoredRows) -> CalibrationNull:
    """Simulate the calibration error of rows whose confidences are exactly right.

    Args:
        rows: At least one row, with ``score``, the probability of the predicted label.

    Returns:
        Mean and 95 % quantile over ``NULL_DRAWS`` seeded draws: the same rows give the same.
    """
    errors = _null_errors(_bins(rows), rows.scores["score"])
    return CalibrationNull(float(errors.mean()), float(np.quantile(errors, NULL_LEVEL)))


def _null_errors(bins: IntArray, scores: FloatArray) -> FloatArray:
    n, random = len(scores), np.random.default_rng(_SEED)
    if n > MAX_ROWS_DRAWN_ONE_BY_ONE:
        variances = np.bincount(bins, scores * (1 - scores), CALIBRATION_BINS)
        sums = random.normal(size=(NULL_DRAWS, CALIBRATION_BINS)) * np.sqrt(variances)
        return np.asarray(np.abs(sums).sum(axis=1) / n)
    is_in_bin = (bins[:, np.newaxis] == np.arange(CALIBRATION_BINS)).astype(np.float32)
    errors = []
    for draws in _chunks(NULL_DRAWS, max(1, _CHUNK // n)):
        is_right = random.random((draws, n)) < scores
        gaps = (is_right - scores).astype(np.float32)
        errors.append(np.abs(gaps @ is_in_bin).sum(axis=1) / n)
    return np.concatenate(errors)


def _chunks(total: int, size: int) -> Iterator[int]:
    for start in range(0, total, size):
        yield min(size, total - start)


@dataclass(frozen=True)
class CalibrationError:
    """Expected calibration error: how far confidence and accuracy lie apart, over bins."""

    method: str = "bootstrap"
    paired_method: str = "paired bootstrap"

    def value(self, rows: ScoredRows) -> float:
        """Measure the rows."""
        bins, gaps = _gaps(rows)
        sums = np.bincount(bins, weights=gaps, minlength=CALIBRATION_BINS)
        return float(np.abs(sums).sum() / len(rows))

    def bounds(self, rows: ScoredRows, confidence: float) -> Bounds:
        """Bootstrap over rows, its own upward bias removed; at least as wide as accuracy's.

        The low end is never above what the value exceeds its null by: so much of it, and no more,
        is shown to be the version's own.
        """
        bins, gaps = _gaps(rows)
        sums = resampled_bins(bins, gaps, CALIBRATION_BINS)
        value = self.value(rows)
        low, high = centred(value, np.abs(sums).sum(axis=1) / len(rows), confidence)
        accuracy = float(rows.scores["correct"].mean())
        floor = wilson(accuracy, len(rows), confidence)
        # More wrong answers than were seen would widen the gap by as much.
        return (
            max(0.0, min(low, value - calibration_null(rows).quantile)),
            min(1.0, max(high, value + (accuracy - floor[0]))),
        )

    def difference(self, first: ScoredRows, second: ScoredRows, confidence: float) -> Bounds:
        """Bootstrap over the pairs."""
        bins, gaps = _gaps(first)
        other_bins, other_gaps = _gaps(second)
        # The seed is the same, so both are measured on the same resampled rows.
        mine = np.abs(resampled_bins(bins, gaps, CALIBRATION_BINS)).sum(axis=1)
        theirs = np.abs(resampled_bins(other_bins, other_gaps, CALIBRATION_BINS)).sum(axis=1)
        value = self.value(first) - self.value(second)
        return centred(value, (mine - theirs) / len(first), confidence)


@dataclass(frozen=True)
class CalibrationExcess:
    """How much the calibration error exceeds the 95 % quantile of its null; 0 when it does not.

    A gate ``max`` on it passes where the error is within its null, or surely at most ``max`` above
    it; and fails where it is above by more than ``max``. The quantile has the chance of few rows in
    it already, so that the value is its own lower bound.
    """

    error: CalibrationError = CalibrationError()
    method: str = "null quantile"
    paired_method: str = "paired bootstrap"

    def value(self, rows: ScoredRows) -> float:
        """Measure the rows."""
        return max(0.0, self.error.value(rows) - calibration_null(rows).quantile)

    def bounds(self, rows: ScoredRows, confidence: float) -> Bounds:
        """From the value to the upper end of the calibration error less the quantile."""
        value = self.value(rows)
        if value == 0:
            return 0.0, 0.0
        return value, value + self.error.bounds(rows, confidence)[1] - self.error.value(rows)

    def difference(self, first: ScoredRows, second: ScoredRows, confidence: float) -> Bounds:
        """The calibration errors' bootstrap over the pairs, around this difference."""
        shift = self.value(first) - self.value(second)
        shift -= self.error.value(first) - self.error.value(second)
        low, high = self.error.difference(first, second, confidence)
        return low + shift, high + shift


def reliability(rows: ScoredRows) -> dict[str, Any]:
    """Describe calibration: each confidence bin with rows, and the error beside its null."""
    bins, scores, correct = _bins(rows), rows.scores["score"], rows.scores["correct"]
    null = calibration_null(rows)
    return {
        "bins": [
            {
                "from": index / CALIBRATION_BINS,
                "to": (index + 1) / CALIBRATION_BINS,
                **_bin(scores[bins == index], correct[bins == index]),
            }
            for index in np.unique(bins).tolist()
        ],
        "error": CalibrationError().value(rows),
        "null_mean": null.mean,
        "null_quantile": null.quantile,
        "null_level": NULL_LEVEL,
        "draws": NULL_DRAWS,
    }


def _bin(scores: FloatArray, correct: FloatArray) -> dict[str, float]:
    n, accuracy = len(scores), float(correct.mean())
    low, high = wilson(accuracy, n)
    return {
        "n": n,
        "confidence": float(scores.mean()),
        "accuracy": accuracy,
        "accuracy_low": low,
        "accuracy_high": high,
    }


def _bins(rows: ScoredRows) -> IntArray:
    scores = rows.scores["score"]
    return np.clip((scores * CALIBRATION_BINS).astype(np.int64), 0, CALIBRATION_BINS - 1)


def _gaps(rows: ScoredRows) -> tuple[IntArray, FloatArray]:
    """Return each row's confidence bin, and its correctness less its confidence."""
    return _bins(rows), rows.scores["correct"] - rows.scores["score"]
