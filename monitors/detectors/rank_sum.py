"""The slow test of a score: Mann-Whitney's rank sum over trailing windows.

A budget of one alarm a month asks for p-values near 1e-5 of a score with many ties, where the
usual normal approximation is far too small. The tail is therefore taken from the permutation
distribution itself by a double saddlepoint (Robinson, 1982; Barndorff-Nielsen's r*). Its root r
is the signed likelihood-ratio root of a logistic regression of "is in the current window" on
the rank, which is how it is computed.

Assumes requests that do not depend on each other.
"""

import math
from collections.abc import Iterable, Mapping

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit
from scipy.stats import norm

from monitors.detectors.base import Allowance, Evidence, State, strongest
from monitors.detectors.shiryaev_roberts import CELLS, Direction
from monitors.detectors.trailing import HORIZONS, TrailingCounts

Floats = NDArray[np.float64]
_NORMAL_IS_ENOUGH = 1.5
"""Below this many standard deviations the normal approximation is good, and cheap."""
_STEPS = 50
_LARGEST_SLOPE = 30.0
"""Per standard deviation of the ranks: the two samples are as good as separated."""


class RankSum:
    """Rank-sum test over cells 0..63 and trailing windows."""

    def __init__(self, reference: Iterable[int], *, window: int, direction: Direction) -> None:
        """``reference`` are cells; ``window`` is in values."""
        self._reference = np.bincount(list(reference), minlength=CELLS).astype(float)
        self._sides = 2 if direction == "either" else 1
        self._trailing = TrailingCounts(window)
        self._allowance = Allowance(1.0, 1.0)
        self._evidence: Evidence | None = None

    def allow(self, allowance: Allowance) -> None:
        """Set the false alarms allowed from the next look on."""
        self._allowance = allowance

    def update(self, cell: int) -> None:
        """Count one value, and look when a block is full."""
        if self._trailing.add(cell):
            self._evidence = self._look()

    def evidence(self) -> Evidence | None:
        """Give the evidence of the last look; None before the first full window."""
        return self._evidence

    def state(self) -> State:
        """The trailing counts."""
        return {"trailing": self._trailing.state()}

    def restore(self, state: State) -> None:
        """Take over what ``state`` gave; the evidence of the last look is made again."""
        self._trailing.restore(state["trailing"])
        self._evidence = self._look()

    def _look(self) -> Evidence | None:
        needed = self._allowance.log_looks(
            stride=self._trailing.stride, tests_per_look=len(HORIZONS)
        )
        looks = [
            Evidence(self._log_evidence(counts), needed, "trailing", windows)
            for windows, counts in self._trailing.horizons()
        ]
        return strongest(*looks)

    def _log_evidence(self, counts: Mapping[int, int]) -> float:
        current = np.array([counts.get(cell, 0) for cell in range(CELLS)], float)
        log_p = log_p_higher(self._reference, current)
        if self._sides == 2:  # noqa: PLR2004  (the better of two one-sided tests costs a factor 2)
            log_p = min(log_p, log_p_higher(self._reference[::-1], current[::-1])) + math.log(2)
        return max(0.0, -log_p)


def log_p_higher(reference: Floats, current: Floats) -> float:
    """Log p-value that ``current`` counts lie in cells as high as ``reference`` counts do.

    Given the pooled counts, every choice of which values are current is equally likely.
    """
    pooled = reference + current
    total, n = float(pooled.sum()), float(current.sum())
    ranks = np.cumsum(pooled) - (pooled - 1) / 2
    centred = ranks - float(pooled @ ranks) / total
    variance = float(pooled @ centred**2) / total
    if variance == 0 or n in (0, total):
        return 0.0
    scores = centred / math.sqrt(variance)
    found = float(current @ scores)
    share = n / total
    z = found / math.sqrt(n * (1 - share) * total / (total - 1))
    if z < _NORMAL_IS_ENOUGH:
        return float(norm.logsf(z))
    return _log_tail(pooled, scores, found, n)


def _log_tail(pooled: Floats, scores: Floats, found: float, n: float) -> float:
    """Saddlepoint approximation of the log tail probability of the sum of current scores."""
    total = float(pooled.sum())
    share = n / total
    intercept, slope = _fit(pooled, scores, found, n)
    linear = intercept + slope * scores
    cumulant = float(pooled @ np.logaddexp(math.log1p(-share), math.log(share) + linear))
    log_likelihood = slope * found + intercept * n - cumulant
    r = math.sqrt(max(2 * log_likelihood, 1e-12))
    information, _ = _information(pooled, scores, linear + math.log(share / (1 - share)))
    determinant = max(float(np.linalg.det(information)), 0.0)
    v = slope * math.sqrt(determinant / (total * share * (1 - share)))
    # Where the samples are separated the fit has no end and v says nothing; r alone is close.
    corrected = r + math.log(v / r) / r if v > 0 and slope < _LARGEST_SLOPE else r
    return float(norm.logsf(corrected))


def _fit(pooled: Floats, scores: Floats, found: float, n: float) -> tuple[float, float]:
    """Find the intercept (over the prior log odds) and the slope that give the sums found."""
    share = n / float(pooled.sum())
    prior = math.log(share / (1 - share))
    at = np.zeros(2)
    for _ in range(_STEPS):
        information, expected = _information(pooled, scores, prior + at[0] + at[1] * scores)
        gap = np.array([n, found]) - expected
        if np.linalg.norm(gap) < 1e-8 * n or at[1] > _LARGEST_SLOPE:
            break
        step = np.linalg.lstsq(information, gap, rcond=None)[0]
        at = at + step * min(1.0, 2.0 / max(float(np.abs(step).max()), 1e-12))
    return float(at[0]), float(at[1])


def _information(pooled: Floats, scores: Floats, logits: Floats) -> tuple[Floats, Floats]:
    """Fisher information, and the expected count and score sum, at ``logits``."""
    chance = expit(logits)
    weight = pooled * chance * (1 - chance)
    design = np.stack([np.ones_like(scores), scores])
    return (design * weight) @ design.T, design @ (pooled * chance)
