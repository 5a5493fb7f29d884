"""Which of many slices are worse than the rest, with the number of questions paid for. Pure.

Each candidate is tested one-sided: is its share of wrong answers higher than that of the other
rows than chance would make it (hypergeometric, Fisher 1935)? Over all candidates the false
discovery rate is controlled (Benjamini and Hochberg 1995; candidates overlap, which is positive
dependence, under which it holds: Benjamini and Yekutieli 2001). Where a version is equally right
everywhere, any slice at all is reported with at most that probability.

Slices that are found overlap. The worst is taken; the others are tested again on the rows that
are left, and kept only where they are still as unlikely: a slice that was only another name for
most of the first one falls away.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import false_discovery_control, hypergeom

from controller.evaluation.scored_rows import BoolArray, FloatArray, IntArray
from controller.evaluation.studies.weak_slices.features import Candidate


@dataclass(frozen=True)
class WeakSlice:
    """A slice in which the version is wrong more often than elsewhere."""

    candidate: Candidate
    p: float
    """Of Fisher's one-sided test against all other rows."""
    adjusted: float
    """The false discovery rate at which it is just found."""


def weak_slices(
    candidates: Sequence[Candidate], wrong: BoolArray, *, rate: float, at_most: int
) -> list[WeakSlice]:
    """Find slices whose rows are answered worse, the least likely first.

    Args:
        candidates: What to test.
        wrong: Whether each row was answered wrongly.
        rate: False discovery rate over all candidates.
        at_most: So many slices are returned.
    """
    if not candidates:
        return []
    ps = _tail_probabilities(candidates, wrong)
    adjusted = false_discovery_control(ps, method="bh")
    significant = [int(index) for index in np.argsort(ps, kind="stable") if adjusted[index] <= rate]
    limit = max((float(ps[index]) for index in significant), default=0.0)
    left = np.ones(len(wrong), dtype=np.bool_)
    found: list[WeakSlice] = []
    for index in significant:
        if len(found) == at_most:
            break
        one = candidates[index]
        if found and _p_among(one.rows, wrong, left) > limit:
            continue
        found.append(WeakSlice(one, float(ps[index]), float(adjusted[index])))
        left[one.rows] = False
    return found


def _tail_probabilities(candidates: Sequence[Candidate], wrong: BoolArray) -> FloatArray:
    sizes = np.array([len(one.rows) for one in candidates])
    hits = np.array([int(wrong[one.rows].sum()) for one in candidates])
    tails: FloatArray = hypergeom.sf(hits - 1, len(wrong), int(wrong.sum()), sizes)
    # Rounding can lift a certain event a little above 1.
    return np.clip(tails, 0.0, 1.0)


def _p_among(rows: IntArray, wrong: BoolArray, left: BoolArray) -> float:
    """The same test, over the rows that no slice found before explains."""
    inside = rows[left[rows]]
    if not len(inside):
        return 1.0
    all_wrong = int(wrong[left].sum())
    return float(
        hypergeom.sf(int(wrong[inside].sum()) - 1, int(left.sum()), all_wrong, len(inside))
    )
