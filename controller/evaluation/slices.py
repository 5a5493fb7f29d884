"""Metrics per slice: the same numbers over every value of every declared family. Pure."""

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np

from controller.evaluation.metrics import is_measurable, measure
from controller.evaluation.scored_rows import ScoredRows
from registry.records import Estimate

MAX_VALUES = 200
"""Values of one family that are measured, the most frequent first; a column of ids is no slice."""


def slice_name(family: str, value: str) -> str:
    """Name a slice as gates and records do."""
    return f"{family}={value}"


def measure_all(metrics: Sequence[str], rows: ScoredRows) -> dict[str, Estimate]:
    """Measure those of ``metrics`` that are functions of scored rows and have a value on these."""
    return {metric: measure(metric, rows) for metric in metrics if is_measurable(metric, rows)}


def measure_slices(metrics: Sequence[str], rows: ScoredRows) -> dict[str, dict[str, Estimate]]:
    """Measure every slice of every family; ``family=value`` → metric → estimate."""
    measured = {}
    for family, values in rows.slices.items():
        column = np.array(values, dtype=object)
        for value, _count in _kept(values):
            inside = rows.select(np.flatnonzero(column == value))
            measured[slice_name(family, value)] = measure_all(metrics, inside)
    return measured


def values_left_out(rows: ScoredRows) -> Mapping[str, int]:
    """Map each family with too many values to how many of them are not measured."""
    counts = {family: len(set(values)) for family, values in rows.slices.items()}
    return {family: n - MAX_VALUES for family, n in counts.items() if n > MAX_VALUES}


def _kept(values: Sequence[str]) -> list[tuple[str, int]]:
    by_frequency = sorted(Counter(values).items(), key=lambda item: (-item[1], item[0]))
    return sorted(by_frequency[:MAX_VALUES])
