"""Tests of "it is no worse than needed", and their correction over many slices. Pure.

Over one set of rows the bounds of an interval decide. Over many slices some bound crosses its limit
by chance alone, so there a failure also has to survive Benjamini and Hochberg's correction
(Controlling the False Discovery Rate, JRSS B 57, 1995): of the slices that are said to fail, at
most a tenth do so by chance, on average.
"""

from collections.abc import Sequence
from dataclasses import replace

from scipy.special import bdtr, bdtrc, ndtr

from controller.evaluation.intervals import CONFIDENCE, ONE_SIDED, z_of
from registry.records import SignificanceTest

FALSE_DISCOVERY_RATE = 0.10
LEVEL = 1 - CONFIDENCE
"""What a single test may be wrong by: a failure needs it also where the correction would not."""
_ROUNDING = 1e-12


def mcnemar(gained: int, lost: int) -> float:
    """Exact one-sided p of the hypothesis that no more rows are lost than gained.

    Args:
        gained: Rows that only the version gets right.
        lost: Rows that only the other gets right. Were both alike, each of these rows could as
            well have been one of the gained (McNemar, Psychometrika 12, 1947).
    """
    pairs = gained + lost
    return float(bdtrc(lost - 1, pairs, 0.5)) if lost else 1.0


def binomial_at_most(hits: int, n: int, rate: float) -> float:
    """Exact one-sided p of the hypothesis that a rate is at least ``rate``."""
    return float(bdtr(hits, n, rate))


def normal_below(value: float, high: float, needed: float) -> float:
    """One-sided p of the hypothesis that a value is at least ``needed``.

    By the normal whose one-sided 95 % bound is ``high``: p is .05 where the bound is the limit.
    """
    spread = high - value
    if spread <= 0:
        return 1.0 if value >= needed else 0.0
    return float(ndtr((value - needed) / spread * z_of(ONE_SIDED)))


def corrected(tests: Sequence[SignificanceTest]) -> list[SignificanceTest]:
    """Say of each test whether it is significant among all of them."""
    survives = benjamini_hochberg([test.p for test in tests], FALSE_DISCOVERY_RATE)
    return [
        replace(test, among=len(tests), is_significant=stays and _is_significant(test.p))
        for test, stays in zip(tests, survives, strict=True)
    ]


def alone(test: SignificanceTest) -> SignificanceTest:
    """Say whether a test is significant by itself."""
    return replace(test, among=1, is_significant=_is_significant(test.p))


def benjamini_hochberg(ps: Sequence[float], rate: float) -> list[bool]:
    """Which hypotheses are rejected with the false discovery rate at ``rate``; order of ``ps``."""
    order = sorted(range(len(ps)), key=lambda index: ps[index])
    last = 0
    for rank, index in enumerate(order, start=1):
        if ps[index] <= rank / len(ps) * rate + _ROUNDING:
            last = rank
    rejected = set(order[:last])
    return [index in rejected for index in range(len(ps))]


def _is_significant(p: float) -> bool:
    return p <= LEVEL + _ROUNDING
