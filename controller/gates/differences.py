"""What a metric's change against another version is, over all rows or one slice of them. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from controller.evaluation.evidence import Evidence
from controller.evaluation.intervals import combined, one_sided
from controller.evaluation.means import Rate
from controller.evaluation.metrics import METRICS, Difference, measure_difference
from controller.evaluation.scored_rows import BoolArray, ScoredRows, paired
from registry.records import Estimate


@dataclass(frozen=True)
class Compared:
    """A version beside another one: the change of a metric, and the rows that it is over."""

    metric: str
    difference: Difference
    """The version less the other."""
    rows: tuple[ScoredRows, ScoredRows] | None = None
    """The same rows as both answered them; None: the metric is no function of them."""

    @property
    def discordant(self) -> tuple[int, int] | None:
        """Of a rate: rows that only the version gets right, and rows that only the other does."""
        found = METRICS.get(self.metric)
        if self.rows is None or not isinstance(found, Rate):
            return None
        mine, theirs = (rows.scores[found.column] for rows in self.rows)
        return int((mine > theirs).sum()), int((mine < theirs).sum())


@dataclass(frozen=True)
class Pair:
    """Evidence of two versions; their rows are paired once, however many slices are asked for."""

    candidate: Evidence
    other: Evidence

    def compare(self, metric: str, name: str | None) -> Compared | None:
        """Estimate candidate less other, over the rows that both were measured on.

        Args:
            metric: The metric's name.
            name: ``family=value``, or None for all rows.

        Returns:
            None where they have nothing in common.
        """
        if metric not in METRICS:
            return self._compare_estimates(metric, name)
        inside = None if name is None else rows_in(self._rows[0], name)
        return self._compare_rows(metric, inside)

    def compare_pooled(self, metric: str, family: str, values: frozenset[str]) -> Compared | None:
        """Do the same over the rows of several slices of one family together."""
        return self._compare_rows(metric, rows_with(self._rows[0], family, values))

    @cached_property
    def _rows(self) -> tuple[ScoredRows, ScoredRows]:
        return paired(self.candidate.rows, self.other.rows)

    def _compare_rows(self, metric: str, inside: BoolArray | None) -> Compared | None:
        mine, theirs = self._rows
        if inside is not None:
            chosen = np.flatnonzero(inside)
            mine, theirs = mine.select(chosen), theirs.select(chosen)
        if not len(mine):
            return None
        return Compared(metric, measure_difference(metric, mine, theirs), (mine, theirs))

    def _compare_estimates(self, metric: str, name: str | None) -> Compared | None:
        """Compare two stored estimates: for what is no function of the held-out rows alone."""
        mine, theirs = (
            _estimates(found, name).get(metric) for found in (self.candidate, self.other)
        )
        if mine is None or theirs is None:
            return None
        value = mine.value - theirs.value
        wide = combined(mine.value, (mine.low, mine.high), theirs.value, (theirs.low, theirs.high))
        narrow = combined(mine.value, one_sided(mine), theirs.value, one_sided(theirs))
        estimate = Estimate(value, *wide, min(mine.n, theirs.n), "combined")
        return Compared(metric, Difference(estimate, *narrow))


def rows_in(rows: ScoredRows, name: str) -> BoolArray:
    """Which rows are in the slice ``family=value``."""
    family, _, value = name.partition("=")
    return rows_with(rows, family, frozenset({value}))


def rows_with(rows: ScoredRows, family: str, values: frozenset[str]) -> BoolArray:
    """Which rows have one of the values of a family."""
    found = rows.slices.get(family, ("",) * len(rows))
    return np.array([value in values for value in found], dtype=np.bool_)


def _estimates(found: Evidence, name: str | None) -> Mapping[str, Estimate]:
    return found.metrics if name is None else found.slices.get(name, {})
