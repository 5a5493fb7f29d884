"""Claims: each limit of a gate held against one estimate, with the test that belongs to it. Pure.

A claim's numbers are turned so that plus is better, whichever way the metric goes: ``needed`` is a
floor in all of them.
"""

import math
from dataclasses import dataclass, replace
from typing import Literal

from scipy.special import ndtr

from controller.evaluation.intervals import one_sided, tango_score
from controller.evaluation.permutation import MIN_SWAPS, can_be_permuted, permutation_p
from controller.gates.differences import Compared
from controller.gates.significance import (
    FALSE_DISCOVERY_RATE,
    binomial_at_most,
    mcnemar,
    normal_below,
)
from registry.records import Estimate, SignificanceTest
from specs.gates import Gate
from specs.study_metrics import is_lower_better

Limit = Literal["min", "max", "max_drop", "min_gain"]
_SWAPS_PER_TEST = 10
"""Swaps below the smallest p that can survive among several tests."""


@dataclass(frozen=True)
class Bounds:
    """A value with its one-sided bounds, plus being better."""

    value: float
    low: float
    high: float
    n: int


@dataclass(frozen=True)
class Claim:
    """One limit, and what was found about it."""

    metric: str
    limit: Limit
    declared: float
    """As the gate has it."""
    found: Bounds
    needed: float
    """What ``found`` has to reach."""
    evidence: Estimate
    """What was measured, in the metric's own direction."""
    other: int | None = None
    """The version it is compared with."""
    compared: Compared | None = None
    test: SignificanceTest | None = None
    """Decides, in place of the upper bound, where there is one and ``is_by_test``."""
    is_by_test: bool = False

    @property
    def bounds(self) -> tuple[float, float]:
        """The one-sided bounds in the metric's own direction."""
        turned = (-self.found.high, -self.found.low)
        return turned if self._is_turned else (self.found.low, self.found.high)

    @property
    def _is_turned(self) -> bool:
        return self.limit == "max" or (self.other is not None and is_lower_better(self.metric))


def absolute_claims(gate: Gate, estimate: Estimate) -> list[Claim]:
    """The claims of ``min`` and ``max``."""
    found = Bounds(estimate.value, *one_sided(estimate), estimate.n)
    claims = []
    if gate.min is not None:
        claims.append(Claim(gate.metric, "min", gate.min, found, gate.min, estimate))
    if gate.max is not None:
        claims.append(Claim(gate.metric, "max", gate.max, _turned(found), -gate.max, estimate))
    return claims


def relative_claims(gate: Gate, compared: Compared, other: int) -> list[Claim]:
    """The claims of ``max_drop`` and ``min_gain`` against version ``other``."""
    difference = compared.difference
    estimate = difference.estimate
    found = Bounds(estimate.value, difference.low, difference.high, estimate.n)
    if is_lower_better(gate.metric):
        found = _turned(found)
    limits: tuple[tuple[Limit, float | None, float], ...] = (
        ("max_drop", gate.max_drop, -1.0),
        ("min_gain", gate.min_gain, 1.0),
    )
    return [
        Claim(gate.metric, limit, declared, found, sign * declared, estimate, other, compared)
        for limit, declared, sign in limits
        if declared is not None
    ]


def tested(claim: Claim, *, among: int) -> Claim:
    """Add the test of the claim, which is one of ``among``."""
    p, method = _test(claim, among)
    return replace(claim, test=SignificanceTest(1.0 if math.isnan(p) else p, method))


def _test(claim: Claim, among: int) -> tuple[float, str]:
    found, evidence = claim.found, claim.evidence
    if claim.compared is not None:
        return _paired_test(claim, claim.compared, among)
    if evidence.method == "wilson":
        hits = round(evidence.value * evidence.n)
        if claim.limit == "min":
            return binomial_at_most(hits, evidence.n, claim.declared), "exact binomial"
        at_least = binomial_at_most(evidence.n - hits, evidence.n, 1 - claim.declared)
        return at_least, "exact binomial"
    return normal_below(found.value, found.high, claim.needed), "normal"


def _paired_test(claim: Claim, compared: Compared, among: int) -> tuple[float, str]:
    """For ``max_drop`` the hypothesis is "no worse at all"; the size is asked for beside it."""
    found, counts = claim.found, compared.discordant
    null = max(0.0, claim.needed)
    if counts is not None:
        better, worse = counts[::-1] if is_lower_better(claim.metric) else counts
        if null == 0:
            return mcnemar(better, worse), "exact McNemar"
        return float(ndtr(tango_score(better, worse, found.n, null))), "paired score"
    if null == 0 and compared.rows is not None and can_be_permuted(claim.metric):
        sign = -1 if is_lower_better(claim.metric) else 1
        swaps = max(MIN_SWAPS, math.ceil(_SWAPS_PER_TEST * among / FALSE_DISCOVERY_RATE))
        p = permutation_p(claim.metric, *compared.rows, sign=sign, swaps=swaps)
        return p, "paired permutation"
    return normal_below(found.value, found.high, null), "normal"


def _turned(found: Bounds) -> Bounds:
    return Bounds(-found.value, -found.high, -found.low, found.n)
