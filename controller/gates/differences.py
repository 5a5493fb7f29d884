"""What a metric's change against another version is, over all rows or one slice of them. Pure."""

import numpy as np

from controller.evaluation.evidence import Evidence
from controller.evaluation.intervals import combined, one_sided
from controller.evaluation.metrics import METRICS, Difference, measure_difference
from controller.evaluation.scored_rows import ScoredRows, paired
from registry.records import Estimate


def slice_difference(
    metric: str, candidate: Evidence, other: Evidence, name: str | None
) -> Difference | None:
    """Estimate candidate less other, over the rows that both were measured on.

    Args:
        metric: The metric's name.
        candidate: Evidence of the version that is judged.
        other: Evidence of the version it is compared with.
        name: ``family=value``, or None for all rows.

    Returns:
        None where they have nothing in common.
    """
    if metric not in METRICS:
        return _unpaired(metric, candidate, other, name)
    mine, theirs = paired(_within(candidate.rows, name), other.rows)
    return measure_difference(metric, mine, theirs) if len(mine) else None


def _within(rows: ScoredRows, name: str | None) -> ScoredRows:
    if name is None:
        return rows
    family, _, value = name.partition("=")
    chosen = [index for index, found in enumerate(rows.slices[family]) if found == value]
    return rows.select(np.array(chosen, dtype=np.int64))


def _unpaired(
    metric: str, candidate: Evidence, other: Evidence, name: str | None
) -> Difference | None:
    """Compare two stored estimates: for what is no function of the held-out rows alone."""
    mine, theirs = (
        (found.metrics if name is None else found.slices.get(name, {})).get(metric)
        for found in (candidate, other)
    )
    if mine is None or theirs is None:
        return None
    value = mine.value - theirs.value
    wide = combined(mine.value, (mine.low, mine.high), theirs.value, (theirs.low, theirs.high))
    narrow = combined(mine.value, one_sided(mine), theirs.value, one_sided(theirs))
    estimate = Estimate(value, *wide, min(mine.n, theirs.n), "combined")
    return Difference(estimate, *narrow)
