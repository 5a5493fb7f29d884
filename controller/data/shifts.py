"""Whether held-out rows are of another mix than the training rows: labels and slices. Pure.

A difference has to be both certain and large to be told: with many rows every difference is
certain, and with few rows any difference is large.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from scipy.stats import chi2_contingency, false_discovery_control

MIN_EXPECTED = 5.0
"""Expected rows of a cell, at least (Cochran); values with fewer are counted together."""
FALSE_DISCOVERIES = 0.01
"""Share of false ones among all tables that are told to differ (Benjamini and Hochberg, 1995)."""
MIN_DISTANCE = 0.05
"""Share of held-out rows, beyond what chance moves, from which a difference is told."""
SHOWN_VALUES = 20
OTHERS = "(others)"


@dataclass(frozen=True)
class Value:
    """One value of a label or slice in two splits."""

    value: str
    train: int
    held_out: int
    train_share: float
    held_out_share: float
    residual: float
    """How many standard deviations the held-out count lies above what train's mix would give."""


@dataclass(frozen=True)
class Shift:
    """One table: a family's values in the training rows, and in a held-out split."""

    family: str
    """``label``, or a slice family."""
    split: str
    train_rows: int
    held_out_rows: int
    statistic: float
    """Cressie and Read's power divergence, lambda 2/3."""
    degrees: int
    p: float
    adjusted_p: float
    """After Benjamini and Hochberg over all tables of the report."""
    distance: float
    """Total variation: share of the held-out rows that would need another value for train's mix."""
    by_chance: float
    """The distance that two draws of these sizes from one mix show on average."""
    pooled: int
    """Values too rare to stand alone."""
    values: tuple[Value, ...]
    """Those that differ most, first."""

    @property
    def is_told(self) -> bool:
        """Whether the difference is both certain and large."""
        is_certain = self.adjusted_p <= FALSE_DISCOVERIES
        return is_certain and self.distance - self.by_chance >= MIN_DISTANCE

    def as_json(self) -> dict[str, Any]:
        """The table for the report."""
        return asdict(self) | {"shifted": self.is_told}


Counts = tuple[str, str, Counter[str], Counter[str]]
"""Family, split, and the counts of the family's values in train and in that split."""


def find_shifts(tables: Sequence[Counts]) -> list[Shift]:
    """Compare each pair of counts; tables of a single value have nothing to compare."""
    found = [one for one in (_compared(*table) for table in tables) if one is not None]
    adjusted = [float(p) for p in false_discovery_control([one.p for one in found])]
    return [replace(one, adjusted_p=p) for one, p in zip(found, adjusted, strict=True)]


def _compared(family: str, split: str, train: Counter[str], held_out: Counter[str]) -> Shift | None:
    counts, pooled = _pooled(train, held_out)
    if len(counts) < 2:  # noqa: PLR2004  (one value is no mix)
        return None
    table = np.array(list(counts.values()), dtype=np.float64).T
    statistic, p, degrees, expected = chi2_contingency(
        table, correction=False, lambda_="cressie-read"
    )
    rows = table.sum(axis=1)
    shares = table / rows[:, None]
    residuals = _residuals(table, expected)
    values = [
        Value(
            name,
            int(table[0, at]),
            int(table[1, at]),
            round(float(shares[0, at]), 6),
            round(float(shares[1, at]), 6),
            round(float(residuals[at]), 2),
        )
        for at, name in enumerate(counts)
    ]
    values.sort(key=lambda one: (-abs(one.residual), one.value))
    return Shift(
        family=family,
        split=split,
        train_rows=int(rows[0]),
        held_out_rows=int(rows[1]),
        statistic=round(float(statistic), 3),
        degrees=int(degrees),
        p=float(p),
        adjusted_p=float(p),
        distance=round(float(np.abs(shares[0] - shares[1]).sum() / 2), 4),
        by_chance=round(_by_chance(table), 4),
        pooled=pooled,
        values=tuple(values[:SHOWN_VALUES]),
    )


def _pooled(train: Counter[str], held_out: Counter[str]) -> tuple[dict[str, tuple[int, int]], int]:
    """Counts by value, with the values that are too rare for the test put together."""
    totals = (sum(train.values()), sum(held_out.values()))
    if not all(totals):
        return {}, 0
    smaller = min(totals) / sum(totals)
    kept: dict[str, tuple[int, int]] = {}
    rest, pooled = [0, 0], 0
    for value in sorted(train.keys() | held_out.keys()):
        pair = (train[value], held_out[value])
        if sum(pair) * smaller >= MIN_EXPECTED:
            kept[value] = pair
        else:
            rest[0], rest[1], pooled = rest[0] + pair[0], rest[1] + pair[1], pooled + 1
    if sum(rest):
        kept[OTHERS] = (rest[0], rest[1])
    return kept, pooled


def _residuals(table: np.ndarray, expected: np.ndarray) -> np.ndarray:
    """Adjusted residuals of the held-out row (Haberman, 1973): about standard normal."""
    rows, columns, total = table.sum(axis=1), table.sum(axis=0), table.sum()
    variance = expected[1] * (1 - rows[1] / total) * (1 - columns / total)
    residuals: np.ndarray = (table[1] - expected[1]) / np.sqrt(np.maximum(variance, 1e-12))
    return residuals


def _by_chance(table: np.ndarray) -> float:
    """The mean of the distance where both rows are drawn from one mix (normal approximation)."""
    rows, mix = table.sum(axis=1), table.sum(axis=0) / table.sum()
    deviations = np.sqrt(mix * (1 - mix) * (1 / rows[0] + 1 / rows[1]))
    return float(np.sqrt(2 / np.pi) * deviations.sum() / 2)
