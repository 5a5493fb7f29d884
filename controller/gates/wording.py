"""How verdicts put their numbers into words. Pure."""

import math

from controller.evaluation.as_it_is import AS_IT_IS
from controller.gates.claims import Claim
from registry.records import SignificanceTest, Verdict

_FAR = 100
"""Times the rows at hand from which more rows are no advice."""
_SMALL_P = 0.001


def message_of(claim: Claim, verdict: Verdict, more: int | None) -> str:
    """Say what was found, what was needed, and what follows.

    Args:
        claim: What was asked and found.
        verdict: What was decided.
        more: Where it is inconclusive: about how many more rows would decide; None: no number.
    """
    estimate, (low, high) = claim.evidence, claim.bounds
    bounds = f"{low:.3f} to {high:.3f}, n={estimate.n:,}"
    if claim.other is None:
        told = f"{claim.metric} {estimate.value:.3f} ({bounds}{_told_test(claim, verdict)})"
        sign = ">=" if claim.limit == "min" else "<="
        limit = f"{sign} {claim.declared:g}"
        opposite = f"{'<' if sign == '>=' else '>'} {claim.declared:g}"
        found = {Verdict.PASS: f" {limit}", Verdict.FAIL: f" {opposite}"}
        told += found.get(verdict, f": not sure to be {limit}; {_advice(more)}")
        return told
    told = f"{claim.metric} {estimate.value:+.3f} against {named(claim.other)} ({bounds}"
    told += f"{_told_test(claim, verdict)})"
    worse = claim.limit == "max_drop"
    limit = f"at most {claim.declared:g} worse" if worse else f"{claim.declared:g} better"
    surely = limit if worse else f"at least {limit}"
    found = {Verdict.PASS: f": surely {surely}", Verdict.FAIL: f": not {limit}"}
    return told + found.get(verdict, f": not sure to be {limit}; {_advice(more)}")


def named(version: int) -> str:
    """Name what a version is compared with."""
    return "the base" if version == AS_IT_IS else f"version {version}"


def rows_missing(n: int, needed: float) -> int | None:
    """About how many more held-out rows would decide.

    Args:
        n: Rows at hand.
        needed: Rows at which the bound would reach the criterion.

    Returns:
        Two digits of it; None where the value is so close that no number is advice.
    """
    if not math.isfinite(needed) or needed > _FAR * n:
        return None
    more = max(1, math.ceil(needed) - n)
    digits = max(0, len(str(more)) - 2)
    return int(math.ceil(more / 10**digits) * 10**digits)


def _advice(more: int | None) -> str:
    if more is None:
        return "the value is so close that more rows would hardly decide"
    return f"about {more:,} more held-out rows would decide"


def _told_test(claim: Claim, verdict: Verdict) -> str:
    """The counts of a paired rate; and the p of a test, which says nothing for what passes."""
    counts = claim.compared.discordant if claim.compared else None
    told = f"; {counts[0]:,} gained, {counts[1]:,} lost" if counts else ""
    if claim.test is None or verdict is Verdict.PASS:
        return told
    return f"{told}; {_told_p(claim.test)}"


def _told_p(test: SignificanceTest) -> str:
    p = f"p < {_SMALL_P:g}" if test.p < _SMALL_P else f"p {test.p:.3f}"
    if test.among == 1:
        return p
    return f"{p}, {'significant' if test.is_significant else 'chance'} among {test.among}"
