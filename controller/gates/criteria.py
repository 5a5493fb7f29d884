"""The criteria: ``min``, ``max``, ``max_drop``, ``min_gain``, each decided by one-sided bounds.

============  ==========================  ===============================  =====================
criterion     pass                        fail                             else
============  ==========================  ===============================  =====================
min           low >= min                  high < min                       inconclusive
max           high <= max                 low > max                        inconclusive
max_drop t    low of the change >= -t     surely worse (high < 0) and by   inconclusive
                                          more than t in this sample
min_gain g    low of the change >= g      high of the change < g           inconclusive
============  ==========================  ===============================  =====================

``low`` and ``high`` each hold with 95 % confidence on their own side. A change is candidate less
other over the same rows, with its sign turned where lower is better: plus is always better.
"""

import math
from dataclasses import dataclass

from controller.evaluation.intervals import ONE_SIDED, one_sided, z_of
from controller.evaluation.metrics import Difference
from controller.gates.wording import change, level, more_rows, span
from registry.records import Estimate, Verdict
from specs.gates import Gate
from specs.study_metrics import is_lower_better

_NO_MARGIN = 1e-9
_WORST_FIRST = (Verdict.FAIL, Verdict.INCONCLUSIVE, Verdict.PASS)


@dataclass(frozen=True)
class Decision:
    """A verdict with what it was about and why."""

    verdict: Verdict
    needed: float
    message: str
    evidence: Estimate | None = None
    """What was compared with ``needed``; None: the metric's own estimate."""


@dataclass(frozen=True)
class _Bounds:
    """A value with its one-sided bounds, plus being better."""

    value: float
    low: float
    high: float
    n: int


def judge_absolute(gate: Gate, estimate: Estimate) -> Decision:
    """Decide ``min`` and ``max``; with both declared, the worse verdict counts."""
    low, high = one_sided(estimate)
    found = _Bounds(estimate.value, low, high, estimate.n)
    decisions = []
    if gate.min is not None:
        verdict = _at_least(found, gate.min)
        decisions.append(_absolute(gate, estimate, found, (verdict, gate.min, ">=")))
    if gate.max is not None:
        verdict = _at_least(_mirrored(found), -gate.max)
        decisions.append(_absolute(gate, estimate, found, (verdict, gate.max, "<=")))
    return _worst(decisions)


def judge_relative(gate: Gate, difference: Difference | None, other: int) -> Decision:
    """Decide ``max_drop`` and ``min_gain`` against version ``other``.

    ``difference`` is candidate less other; None: they have no rows in common.
    """
    if difference is None:
        message = (
            f"{gate.metric}: no held-out row in common with version {other}; evaluate it again"
        )
        needed = gate.max_drop if gate.max_drop is not None else gate.min_gain
        return Decision(Verdict.INCONCLUSIVE, needed or 0.0, message)
    estimate = difference.estimate
    found = _Bounds(estimate.value, difference.low, difference.high, estimate.n)
    if is_lower_better(gate.metric):
        found = _mirrored(found)
    decisions = []
    if gate.max_drop is not None:
        verdict = _not_worse_than(found, gate.max_drop)
        decisions.append(_relative(gate, difference, found, (verdict, -gate.max_drop, other)))
    if gate.min_gain is not None:
        verdict = _at_least(found, gate.min_gain)
        decisions.append(_relative(gate, difference, found, (verdict, gate.min_gain, other)))
    return _worst(decisions)


def _at_least(found: _Bounds, needed: float) -> Verdict:
    if found.low >= needed:
        return Verdict.PASS
    return Verdict.FAIL if found.high < needed else Verdict.INCONCLUSIVE


def _not_worse_than(found: _Bounds, tolerance: float) -> Verdict:
    if found.low >= -tolerance:
        return Verdict.PASS
    is_worse = found.high < 0 and found.value < -tolerance
    return Verdict.FAIL if is_worse else Verdict.INCONCLUSIVE


def _absolute(
    gate: Gate, estimate: Estimate, found: _Bounds, decided: tuple[Verdict, float, str]
) -> Decision:
    verdict, needed, sign = decided
    bounds = span(*one_sided(estimate), estimate.n)
    relation = {Verdict.PASS: sign, Verdict.FAIL: "<" if sign == ">=" else ">"}.get(verdict)
    message = f"{gate.metric} {level(estimate.value)} ({bounds})"
    if relation:
        message += f" {relation} {needed:g}"
    else:
        message += f": not sure to be {sign} {needed:g}; "
        message += more_rows(found.n, _rows_needed(_facing(found, sign), _signed(needed, sign)))
    return Decision(verdict, needed, message, estimate)


def _relative(
    gate: Gate, difference: Difference, found: _Bounds, decided: tuple[Verdict, float, int]
) -> Decision:
    verdict, needed, other = decided
    estimate = difference.estimate
    bounds = span(difference.low, difference.high, estimate.n)
    message = f"{gate.metric} {change(estimate.value)} against version {other} ({bounds})"
    limit = f"at most {-needed:g} worse" if gate.max_drop == -needed else f"{needed:g} better"
    match verdict:
        case Verdict.PASS:
            message += f": surely {limit}" if needed <= 0 else f": surely at least {limit}"
        case Verdict.FAIL:
            message += f": not {limit}"
        case Verdict.INCONCLUSIVE:
            message += f": not sure to be {limit}; "
            message += more_rows(found.n, _rows_needed(found, needed))
    return Decision(verdict, needed, message, estimate)


def _mirrored(found: _Bounds) -> _Bounds:
    return _Bounds(-found.value, -found.high, -found.low, found.n)


def _facing(found: _Bounds, sign: str) -> _Bounds:
    return found if sign == ">=" else _mirrored(found)


def _signed(needed: float, sign: str) -> float:
    return needed if sign == ">=" else -needed


def _rows_needed(found: _Bounds, needed: float) -> float:
    """Rows at which the nearer bound would reach ``needed``, if the value stayed as it is.

    An interval shrinks with the root of its rows; but where no row, or no pair, differs at all it
    is as wide as what may have been missed, which shrinks with the rows themselves.
    """
    margin = found.value - needed
    width = found.value - found.low if margin >= 0 else found.high - found.value
    if abs(margin) < _NO_MARGIN or not math.isfinite(width):
        return math.inf
    z2 = z_of(ONE_SIDED) ** 2
    has_no_differences = math.isclose(width, z2 / (found.n + z2), rel_tol=1e-6)
    ratio = abs(width / margin)
    return found.n * (ratio if has_no_differences else ratio**2)


def _worst(decisions: list[Decision]) -> Decision:
    return min(decisions, key=lambda decision: _WORST_FIRST.index(decision.verdict))
