"""How often a gate passes or fails over n rows, were the truth known. Pure numbers.

A rate is drawn from a binomial, the rows on which two versions disagree from one too: the chances
are sums over what can be drawn, not simulations. Where only the width of an interval is known, the
normal takes their place.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy.special import bdtr, bdtrc, betaincinv, gammaln, ndtr

from controller.evaluation.intervals import ONE_SIDED, tango_score, wilson, z_of
from controller.evaluation.scored_rows import FloatArray, IntArray

POWER = 0.80
"""How often a verdict has to be given for a gate to be said to give it."""
Z = z_of(ONE_SIDED)
_Z_OF_POWER = z_of(2 * POWER - 1)
_STEPS = 30
_DEVIATIONS = 6
_REMEMBERED = 1_000
_ROUNDING = 1e-9
_CELLS = 40_000
"""Of exact sums; with more, the normal is as good."""


def least_rows(limit: float) -> float:
    """Rows without which even answers that are all right, or all the same, show nothing.

    Args:
        limit: The share of wrong, or of lost, rows that has to be excluded: ``1 - min``, ``max`` or
            ``max_drop``. Wilson's and Tango's bounds over n such rows are z² / (n + z²).
    """
    return math.inf if limit <= 0 else Z**2 * (1 / limit - 1)


@lru_cache(maxsize=_REMEMBERED)
def rate_passing(n: int, needed: float) -> float | None:
    """Smallest rate that passes ``min: needed`` over n rows; None: not even 1 does."""
    hits = _first(n + 1, lambda count: wilson(count / n, n, ONE_SIDED)[0] >= needed)
    return None if hits is None else _rate_with(hits, n, POWER)


@lru_cache(maxsize=_REMEMBERED)
def rate_failing(n: int, needed: float, level: float | None) -> float | None:
    """Largest rate that fails ``min: needed`` over n rows; None: not even 0 does.

    ``level`` is that of the exact binomial test; None: Wilson's bound decides.
    """

    def is_no_failure(hits: int) -> bool:
        if level is None:
            return wilson(hits / n, n, ONE_SIDED)[1] >= needed
        return hits / n >= needed or float(bdtr(hits, n, needed)) > level

    hits = _first(n + 1, is_no_failure)
    if hits == 0:
        return None
    return 1.0 if hits is None else _rate_with(hits, n, 1 - POWER)


def _rate_with(hits: int, n: int, chance: float) -> float:
    """The rate at which at least ``hits`` of n rows are right with this chance."""
    return 0.0 if hits == 0 else float(betaincinv(hits, n - hits + 1, chance))


def _first(stop: int, holds: Callable[[int], bool]) -> int | None:
    """First count below ``stop`` from which a rising condition holds."""
    low, high = 0, stop
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if holds(middle) else (middle + 1, high)
    return None if low == stop else low


@dataclass(frozen=True)
class Drop:
    """The question that ``max_drop`` asks of a rate."""

    n: int
    """Paired rows."""
    tolerance: float
    churn: float
    """Share of the rows on which the two versions disagree though none is better."""
    level: float | None
    """That of the exact McNemar test; None: the score statistic decides."""

    def chance_of_failing(self, loss: float) -> float:
        """How often it fails a true loss: a sum over the rows on which the two disagree."""
        n, share = self.n, self.churn + loss
        if share <= 0:
            return 0.0
        middle, spread = n * share, math.sqrt(n * share * (1 - share)) + 1
        pairs = np.arange(
            max(0, math.floor(middle - _DEVIATIONS * spread)),
            min(n, math.ceil(middle + _DEVIATIONS * spread)) + 1,
        )
        # A failure is surely a loss, and beyond the tolerance in the sample.
        beyond = np.floor((pairs + self.tolerance * n) / 2 + _ROUNDING) + 1
        least = np.maximum(_least_lost(pairs, self.level), beyond)
        lost = bdtrc(least - 1, pairs, (self.churn / 2 + loss) / share)
        return float((binomial_chances(pairs, n, share) * np.where(least > pairs, 0.0, lost)).sum())


@lru_cache(maxsize=_REMEMBERED)
def loss_failing(drop: Drop) -> float | None:
    """Smallest true loss that fails; None: none does."""
    low, high = 0.0, 1 - drop.churn
    if drop.chance_of_failing(high) < POWER:
        return None
    for _ in range(_STEPS):
        middle = (low + high) / 2
        fails = drop.chance_of_failing(middle) >= POWER
        low, high = (low, middle) if fails else (middle, high)
    return high


def _least_lost(pairs: IntArray, level: float | None) -> FloatArray:
    """Lost rows of each number of discordant ones from which a loss is sure."""
    if level is None:
        return np.asarray(np.floor((pairs + Z * np.sqrt(pairs)) / 2) + 1)
    return np.array([_least_lost_exactly(int(one), level) for one in pairs])


@lru_cache(maxsize=100 * _REMEMBERED)
def _least_lost_exactly(pairs: int, level: float) -> float:
    lost = _first(
        pairs + 1, lambda count: count > 0 and float(bdtrc(count - 1, pairs, 0.5)) <= level
    )
    return pairs + 1.0 if lost is None else float(lost)


@lru_cache(maxsize=_REMEMBERED)
def chance_unchanged_passes(n: int, tolerance: float, churn: float) -> float:
    """How often a version that is no worse passes ``max_drop`` over n paired rows."""
    one_way = n * churn / 2
    most = min(n, math.ceil(one_way + _DEVIATIONS * (math.sqrt(one_way) + 1)))
    if (most + 1) ** 2 > _CELLS:
        return float(ndtr(tolerance / math.sqrt(churn / n) - Z))
    rest = churn / 2 / (1 - churn / 2)
    chances = binomial_chances(np.arange(most + 1), n, churn / 2)
    # Of so many gained rows, it passes with fewer lost ones than these.
    too_many = [_least_lost_to_miss(gained, most, n, tolerance) for gained in range(most + 1)]
    return sum(
        float(chance) * float(bdtr(min(lost - 1, n - gained), n - gained, rest))
        for gained, (chance, lost) in enumerate(zip(chances, too_many, strict=True))
        if lost > 0
    )


def _least_lost_to_miss(gained: int, most: int, n: int, tolerance: float) -> int:
    def misses(lost: int) -> bool:
        return tango_score(gained, lost, n, -tolerance) < Z

    found = _first(most + 1, misses)
    return most + 1 if found is None else found


def gain_passing(n: int, needed: float, churn: float) -> float:
    """Smallest true gain that passes ``min_gain`` over n paired rows; by the normal."""
    gain = needed
    for _ in range(_STEPS):
        gain = needed + (Z + _Z_OF_POWER) * math.sqrt((churn + gain) / n)
    return gain


def gain_failing(n: int, needed: float, churn: float) -> float:
    """Largest true gain that fails ``min_gain`` over n paired rows; by the normal."""
    gain = needed
    for _ in range(_STEPS):
        gain = needed - (Z + _Z_OF_POWER) * math.sqrt((churn + abs(gain)) / n)
    return gain


def margin(spread: float, level_z: float = Z) -> float:
    """How far beyond a limit a truth lies that is told from it; ``spread`` is one deviation."""
    return (level_z + _Z_OF_POWER) * spread


def binomial_chances(hits: IntArray, n: int, rate: float) -> FloatArray:
    """Chances of the counts; by logarithms, since n is large."""
    if rate >= 1:
        return np.asarray((hits == n).astype(np.float64))
    if rate <= 0:
        return np.asarray((hits == 0).astype(np.float64))
    ways = gammaln(n + 1) - gammaln(hits + 1) - gammaln(n - hits + 1)
    return np.asarray(np.exp(ways + hits * math.log(rate) + (n - hits) * math.log1p(-rate)))
