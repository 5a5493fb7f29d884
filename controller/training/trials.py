"""What a training job knows of the search that it is a trial of: ``trial`` in its ``job.json``.

A job is told what the earlier trials measured, and decides by itself when it has no chance: nobody
has to watch it, and one that is killed and resumed decides the same again.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any, Literal

from specs.evaluation import LOWER_IS_BETTER

Curve = tuple[float, ...]
"""A metric after each validation."""

FEWEST_CURVES = 3
"""Earlier trials that must have come as far before one is pruned."""
RUNGS = (1, 3, 9)
"""Validations after which ``halving`` keeps the best third (Li et al. 2018, successive halving
without waiting: arXiv 1810.05934)."""
KEPT = 3


@dataclass(frozen=True)
class TrialOrder:
    """The search's part of a training job."""

    search: str
    """Digest of the search: a trial that was pruned counts as such there and nowhere else."""
    metric: str
    pruner: Literal["none", "median", "halving"]
    curves: tuple[Curve, ...]
    """Of the trials before."""
    features: Path
    """Where features of the frozen base are kept for the next trial."""


def read_order(found: Mapping[str, Any] | None) -> TrialOrder | None:
    """Read the ``trial`` entry of a job; None for a training that is no trial."""
    if found is None:
        return None
    return TrialOrder(
        search=found["search"],
        metric=found["metric"],
        pruner=found["pruner"],
        curves=tuple(tuple(curve) for curve in found["curves"]),
        features=Path(found["features"]),
    )


def has_no_chance(curve: Sequence[float], order: TrialOrder) -> bool:
    """Whether a trial that has measured ``curve`` so far should end now."""
    count = len(curve)
    earlier = [one[:count] for one in order.curves if len(one) >= count]
    if order.pruner == "none" or not count or len(earlier) < FEWEST_CURVES:
        return False
    sign = -1.0 if order.metric in LOWER_IS_BETTER else 1.0
    if order.pruner == "median":
        return max(sign * one for one in curve) < median(sign * one[-1] for one in earlier)
    if count not in RUNGS:
        return False
    better = sum(sign * one[-1] > sign * curve[-1] for one in earlier)
    return better >= max(1, (len(earlier) + 1) // KEPT)
