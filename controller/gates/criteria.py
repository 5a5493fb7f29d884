"""The criteria: ``min``, ``max``, ``max_drop``, ``min_gain``, each of three verdicts.

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
other over the same rows, with its sign turned where lower is better: plus is always better. On
slices a test takes the place of the bound that says "fail"; see ``significance``.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from controller.evaluation.intervals import ONE_SIDED, z_of
from controller.gates.claims import Bounds, Claim
from controller.gates.wording import message_of, rows_missing
from registry.records import Estimate, SignificanceTest, Verdict

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
    bounds: tuple[float, float] | None = None
    test: SignificanceTest | None = None
    discordant: tuple[int, int] | None = None
    more_rows: int | None = None


def decide(claims: Sequence[Claim]) -> Decision:
    """Decide each claim; where a gate makes two, the worse verdict counts."""
    decisions = [_decide(claim) for claim in claims]
    return min(decisions, key=lambda decision: _WORST_FIRST.index(decision.verdict))


def _decide(claim: Claim) -> Decision:
    verdict = _verdict(claim)
    more = None
    if verdict is Verdict.INCONCLUSIVE:
        more = rows_missing(claim.found.n, _rows_needed(claim.found, claim.needed))
    return Decision(
        verdict=verdict,
        needed=-claim.declared if claim.limit == "max_drop" else claim.declared,
        message=message_of(claim, verdict, more),
        evidence=claim.evidence,
        bounds=claim.bounds,
        test=claim.test,
        discordant=claim.compared.discordant if claim.compared else None,
        more_rows=more,
    )


def _verdict(claim: Claim) -> Verdict:
    found, needed = claim.found, claim.needed
    if found.low >= needed:
        return Verdict.PASS
    is_short = found.value < needed
    # A drop need not be surely beyond the tolerance, only surely a drop.
    limit = 0.0 if claim.limit == "max_drop" else needed
    is_sure = found.high < limit
    if claim.is_by_test:
        is_sure = claim.test is not None and claim.test.is_significant
    return Verdict.FAIL if is_short and is_sure else Verdict.INCONCLUSIVE


def _rows_needed(found: Bounds, needed: float) -> float:
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
    return (found.n + z2) * ratio - z2 if has_no_differences else found.n * ratio**2
