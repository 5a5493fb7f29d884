"""Confidence intervals in closed form. Pure; every interval is two-sided unless it says otherwise.

Which one where was measured (research/trust.md): Wilson for one rate, Tango's score interval for
the difference of two rates on the same rows, Newcombe's for two rates on different rows. They hold
their level for small n and for rates near 1, where the bootstrap does not.
"""

import math
from collections.abc import Callable
from functools import cache
from statistics import NormalDist

from scipy.special import stdtrit

from registry.records import Estimate

CONFIDENCE = 0.95
"""Level of the two-sided intervals that estimates carry."""
ONE_SIDED = 2 * CONFIDENCE - 1
"""Level of the two-sided interval whose one bound holds with ``CONFIDENCE``: what gates use."""
_BISECTIONS = 50

Bounds = tuple[float, float]
"""Low and high end of an interval."""


@cache
def z_of(confidence: float) -> float:
    """Standard normal quantile of a two-sided level."""
    return NormalDist().inv_cdf(0.5 + confidence / 2)


def wilson(rate: float, n: int, confidence: float = CONFIDENCE) -> Bounds:
    """Wilson's score interval of a rate over ``n`` rows."""
    z2 = z_of(confidence) ** 2
    centre = (rate + z2 / (2 * n)) / (1 + z2 / n)
    half = math.sqrt(z2 * (rate * (1 - rate) / n + z2 / (4 * n * n))) / (1 + z2 / n)
    # At the ends the formula is exact; rounding would leave a bound of 0.9999.
    return (
        0.0 if rate == 0 else min(rate, max(0.0, centre - half)),
        1.0 if rate == 1 else max(rate, min(1.0, centre + half)),
    )


def wilson_f1(hits: int, right: int, predicted: int, confidence: float = CONFIDENCE) -> Bounds:
    """Wilson's interval of one label's F1: it rises with the rate of hits among rows of either.

    F1 is ``2 j / (1 + j)`` of ``j = hits / (right + predicted - hits)``, a rate; this is the
    indirect Wilson interval of Lam, Gopal and Qian (arXiv:2309.14621, 2023).
    """
    either = right + predicted - hits
    low, high = wilson(hits / either, either, confidence)
    return 2 * low / (1 + low), 2 * high / (1 + high)


def newcombe(
    first: tuple[float, int], second: tuple[float, int], confidence: float = CONFIDENCE
) -> Bounds:
    """Newcombe's interval of the difference of two rates, (rate, n) each, on different rows."""
    bounds = wilson(*first, confidence), wilson(*second, confidence)
    return combined(first[0], bounds[0], second[0], bounds[1])


def combined(first: float, of_first: Bounds, second: float, of_second: Bounds) -> Bounds:
    """Interval of ``first - second`` from the intervals of two independent estimates (MOVER)."""
    difference = first - second
    down = math.hypot(first - of_first[0], of_second[1] - second)
    up = math.hypot(of_first[1] - first, second - of_second[0])
    return difference - down, difference + up


def tango(gained: int, lost: int, n: int, confidence: float = CONFIDENCE) -> Bounds:
    """Tango's score interval of the difference of two rates on the same ``n`` rows.

    Args:
        gained: Rows that only the first gets right.
        lost: Rows that only the second gets right.
        n: All rows, with those on which both agree.
        confidence: Two-sided level.
    """
    z = z_of(confidence)
    difference = (gained - lost) / n
    low = _crossing(-1.0, difference, lambda delta: tango_score(gained, lost, n, delta) > z)
    high = _crossing(difference, 1.0, lambda delta: tango_score(gained, lost, n, delta) > -z)
    return low, high


def tango_score(gained: int, lost: int, n: int, delta: float) -> float:
    """Score statistic of the hypothesis that the difference is ``delta``; falls as it grows."""
    b = (2 * n - gained + lost) * delta - gained - lost
    c = -lost * delta * (1 - delta)
    share = (math.sqrt(max(0.0, b * b - 8 * n * c)) - b) / (4 * n)
    variance = n * (2 * share + delta * (1 - delta))
    distance = gained - lost - n * delta
    if variance <= 0:
        return math.copysign(math.inf, distance) if distance else 0.0
    return distance / math.sqrt(variance)


def _crossing(low: float, high: float, is_above: Callable[[float], bool]) -> float:
    """Find where a falling condition stops holding between two values."""
    for _ in range(_BISECTIONS):
        middle = (low + high) / 2
        if is_above(middle):
            low = middle
        else:
            high = middle
    return (low + high) / 2


def mean_half_width(deviation: float, n: int, confidence: float = CONFIDENCE) -> float:
    """Half the width of Student's interval of a mean; ``deviation`` is the sample's."""
    if n < 2:  # noqa: PLR2004  (one row has no deviation)
        return math.inf
    return float(stdtrit(n - 1, 0.5 + confidence / 2)) * deviation / math.sqrt(n)


def one_sided(estimate: Estimate) -> Bounds:
    """Bounds of an estimate that each hold with 95 % confidence on their own side.

    A gate asks about one side only, so it may use the bounds of the two-sided 90 % interval. They
    are exact for Wilson's; the others are drawn in by the ratio of the normal quantiles, which is
    exact for normal intervals and close for the bootstrap.
    """
    if not estimate.n:
        return estimate.low, estimate.high  # nothing was measured, so nothing is ruled out
    if estimate.method == "wilson":
        return wilson(estimate.value, estimate.n, ONE_SIDED)
    ratio = z_of(ONE_SIDED) / z_of(CONFIDENCE)
    return (
        estimate.value - (estimate.value - estimate.low) * ratio,
        estimate.value + (estimate.high - estimate.value) * ratio,
    )
