"""The bootstrap, for metrics that no closed form fits. Seeded, so that judging twice is the same.

Only counts are resampled, never rows where that can be helped: rows with the same label and the
same prediction are one cell, and a resample is one draw of how often each cell occurs.
"""

from collections.abc import Callable

import numpy as np

from controller.evaluation.intervals import Bounds
from controller.evaluation.scored_rows import FloatArray, IntArray

RESAMPLES = 1_000
MAX_DRAWS = 20_000_000
"""Resamples times rows: many rows need fewer resamples to be as sure."""
MIN_RESAMPLES = 200
_SEED = 2_027

Statistic = Callable[[FloatArray], FloatArray]
"""Weights of the cells, [resamples, cells] → value of each resample."""


def cells_of(*columns: IntArray) -> tuple[IntArray, IntArray]:
    """Return the distinct combinations of the columns [cells, columns], and how often each is."""
    distinct, counts = np.unique(np.stack(columns, axis=1), axis=0, return_counts=True)
    return distinct.astype(np.int64), counts.astype(np.int64)


def resampled_cells(counts: IntArray, statistic: Statistic) -> FloatArray:
    """Value of a statistic over cells in each resample of the rows."""
    total = int(counts.sum())
    random = np.random.default_rng(_SEED)
    chunk = max(1, min(RESAMPLES, MAX_DRAWS // (10 * len(counts))))
    values = [
        statistic(random.multinomial(total, counts / total, size=size).astype(np.float64))
        for size in _chunks(RESAMPLES, chunk)
    ]
    return np.concatenate(values)


def _chunks(total: int, size: int) -> list[int]:
    return [size] * (total // size) + [total % size] * (total % size > 0)


def resampled_bins(bins: IntArray, values: FloatArray, size: int) -> FloatArray:
    """Sum of ``values`` per bin in each resample of the rows: [resamples, size]."""
    n = len(bins)
    random = np.random.default_rng(_SEED)
    resamples = max(MIN_RESAMPLES, min(RESAMPLES, MAX_DRAWS // n))
    sums = np.empty((resamples, size))
    for index in range(resamples):
        drawn = random.integers(0, n, n)
        sums[index] = np.bincount(bins[drawn], weights=values[drawn], minlength=size)
    return sums


def centred(value: float, resampled: FloatArray, confidence: float) -> Bounds:
    """Interval around ``value`` from resampled values, without the bias that resampling adds.

    Resampling makes macro F1 lower and calibration error higher than in the sample; taken as they
    are, the percentiles can even lie on one side of the value.
    """
    tail = (1 - confidence) / 2 * 100
    low, high = np.percentile(resampled - resampled.mean(), [tail, 100 - tail])
    return value + min(0.0, float(low)), value + max(0.0, float(high))
