"""The paired permutation test: is a version worse than another on the same rows? Pure.

If both were alike, it would not matter whose answer to a row is called whose. So rows are swapped
between the two at random, and the share of swaps that look at least as bad is the p value (Yeh,
More accurate tests for the statistical significance of result differences, COLING 2000). Every
metric here is a function of sums over rows, so a swap is one row of a matrix product, and rows on
which the two do not differ cost nothing.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from controller.evaluation.calibration import CALIBRATION_BINS, CalibrationError
from controller.evaluation.label_sets import Micro
from controller.evaluation.macro import Average, Macro
from controller.evaluation.means import Mean, Perplexity, Rate
from controller.evaluation.metrics import METRICS
from controller.evaluation.scored_rows import BoolArray, FloatArray, IntArray, ScoredRows

Combine = Callable[[Average, FloatArray, FloatArray, FloatArray], FloatArray]
MIN_SWAPS = 2_000
MAX_SWAPS = 50_000
MAX_DRAWS = 20_000_000
"""Swaps times rows that differ: many rows need no more swaps, only more time."""
_CHUNK = 1_000
_SEED = 2_027
_EQUAL = 1e-12


@dataclass(frozen=True)
class _Sums:
    """A metric as a function of sums over rows."""

    first: FloatArray
    """What each row adds: [rows, parts]."""
    second: FloatArray
    value: Callable[[FloatArray], FloatArray]
    """Sums [swaps, parts] → the metric of each."""


def can_be_permuted(metric: str) -> bool:
    """Whether ``permutation_p`` knows the metric."""
    return isinstance(
        METRICS.get(metric), Rate | Mean | Perplexity | Macro | Micro | CalibrationError
    )


def permutation_p(
    metric: str, first: ScoredRows, second: ScoredRows, *, sign: int, swaps: int = MIN_SWAPS
) -> float:
    """Chance to see the first this much worse than the second, were they alike.

    Args:
        metric: One that ``can_be_permuted``.
        first: Rows of the version that is asked about.
        second: The same rows, as the other version answered them (see ``paired``).
        sign: 1 where a higher value is better, -1 where a lower one is.
        swaps: How many random swaps; the smallest p is one over one more than that.
    """
    sums = _sums_of(metric, first, second)
    gaps = sums.first - sums.second
    differs = np.flatnonzero(np.abs(gaps).sum(axis=1) > 0)
    if len(differs) == 0:
        return 1.0
    gaps = gaps[differs]
    mine, theirs = sums.first.sum(axis=0), sums.second.sum(axis=0)
    observed = sign * float((sums.value(mine[np.newaxis]) - sums.value(theirs[np.newaxis]))[0])
    swaps = min(swaps, MAX_SWAPS, max(MIN_SWAPS, MAX_DRAWS // len(differs)))
    random = np.random.default_rng(_SEED)
    as_bad = 0
    for start in range(0, swaps, _CHUNK):
        size = (min(_CHUNK, swaps - start), len(differs))
        moved = random.integers(0, 2, size).astype(np.float64) @ gaps
        found = sign * (sums.value(mine - moved) - sums.value(theirs + moved))
        as_bad += int((found <= observed + _EQUAL).sum())
    return (1 + as_bad) / (1 + swaps)


def _sums_of(metric: str, first: ScoredRows, second: ScoredRows) -> _Sums:
    n = len(first)
    match METRICS[metric]:
        case Rate(column=column) | Mean(column=column) | Perplexity(loss=Mean(column=column)):
            # A perplexity is above another exactly where its mean loss is.
            one, other = (rows.scores[column][:, np.newaxis] for rows in (first, second))
            return _Sums(one, other, lambda sums: sums[:, 0] / n)
        case CalibrationError():
            one, other = (_gaps_by_bin(rows) for rows in (first, second))
            return _Sums(one, other, lambda sums: np.abs(sums).sum(axis=1) / n)
        case Macro(per_label=per_label):
            return _of_labels(first, second, per_label, _mean_over_labels)
        case Micro(per_label=per_label):
            if first.right_sets is None:
                return _sums_of("accuracy", first, second)
            return _of_labels(first, second, per_label, _over_all_labels)
        case found:
            raise TypeError(f"{found!r} is no function of sums over rows")


def _gaps_by_bin(rows: ScoredRows) -> FloatArray:
    scores, correct = rows.scores["score"], rows.scores["correct"]
    bins = np.clip((scores * CALIBRATION_BINS).astype(np.int64), 0, CALIBRATION_BINS - 1)
    gaps = np.zeros((len(rows), CALIBRATION_BINS))
    gaps[np.arange(len(rows)), bins] = correct - scores
    return gaps


def _of_labels(
    first: ScoredRows, second: ScoredRows, per_label: Average, combine: Combine
) -> _Sums:
    """Hits and answers of each label; the right answers are the same for both."""
    width = max(len(first.names), len(second.names))
    is_right = _right_sets(first, width)
    right = is_right.sum(axis=0).astype(np.float64)
    parts = [
        np.concatenate([is_right & answered, answered], axis=1).astype(np.float64)
        for answered in (_answered_sets(rows, width) for rows in (first, second))
    ]

    def value(sums: FloatArray) -> FloatArray:
        return combine(per_label, sums[:, :width], right, sums[:, width:])

    return _Sums(parts[0], parts[1], value)


def _right_sets(rows: ScoredRows, width: int) -> BoolArray:
    return rows.right_sets if rows.right_sets is not None else _one_hot(rows.labels, width)


def _answered_sets(rows: ScoredRows, width: int) -> BoolArray:
    if rows.predicted_sets is not None:
        return rows.predicted_sets
    return _one_hot(rows.predicted, width)


def _one_hot(codes: IntArray | None, width: int) -> BoolArray:
    assert codes is not None, "averages over labels are for classification"
    hot: BoolArray = codes[:, np.newaxis] == np.arange(width)
    return hot


def _mean_over_labels(
    per_label: Average, hits: FloatArray, right: FloatArray, answered: FloatArray
) -> FloatArray:
    occurs = right > 0
    return np.asarray(per_label(hits, right, answered)[:, occurs].mean(axis=1))


def _over_all_labels(
    per_label: Average, hits: FloatArray, right: FloatArray, answered: FloatArray
) -> FloatArray:
    total = np.full(len(hits), right.sum())
    return per_label(hits.sum(axis=1), total, answered.sum(axis=1))
