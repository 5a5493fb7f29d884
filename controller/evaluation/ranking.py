"""Area under the ROC curve: does a version rank the rows of a label before the others? Pure.

Of each label against the rest, averaged over the labels that occur among the right answers. The
interval is DeLong's (DeLong, DeLong and Clarke-Pearson, Biometrics 44, 1988): every row's part in
the areas, as they define it, is added up over the labels before the variance is taken, so that one
formula serves one label and many, one version and two on the same rows. On the scale of the logit,
so that it stays below 1 (Pepe, The Statistical Evaluation of Medical Tests, 2003).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from controller.evaluation.intervals import CONFIDENCE, Bounds, tango, wilson, z_of
from controller.evaluation.scored_rows import BoolArray, FloatArray, ScoredRows

NO_CHANCE = 0.5
"""The area of a label that the version does not know."""


@dataclass(frozen=True)
class _Areas:
    """The macro average, and what each row adds to its deviation."""

    value: float
    parts: FloatArray
    """[rows]; their squares add up to the variance."""
    unseen: float
    """Variance that one row of a label cannot show."""

    @property
    def deviation(self) -> float:
        return math.sqrt(float(np.square(self.parts).sum()) + self.unseen)


@dataclass(frozen=True)
class RocAuc:
    """ROC-AUC of each label against the rest, macro average."""

    method: str = "delong"
    paired_method: str = "paired delong"

    def value(self, rows: ScoredRows) -> float:
        """Measure the rows; ``can_rank`` says whether that is possible."""
        return _areas(rows, _ranked_labels(rows)).value

    def bounds(self, rows: ScoredRows, confidence: float) -> Bounds:
        """DeLong's interval; Wilson's where no row is out of its place."""
        return _bounds(_areas(rows, _ranked_labels(rows)), confidence)

    def difference(self, first: ScoredRows, second: ScoredRows, confidence: float) -> Bounds:
        """DeLong's interval of two areas on the same rows."""
        mine, theirs = (_areas(rows, _ranked_labels(rows)) for rows in (first, second))
        variance = float(np.square(mine.parts - theirs.parts).sum()) + mine.unseen + theirs.unseen
        if variance == 0:
            return tango(0, 0, len(first), confidence)
        value, half = mine.value - theirs.value, z_of(confidence) * math.sqrt(variance)
        return max(-1.0, value - half), min(1.0, value + half)


def can_rank(rows: ScoredRows) -> bool:
    """Whether the probabilities are known, and some label has rows that are it and others."""
    return rows.chances is not None and bool(_ranked_labels(rows))


def areas_by_label(rows: ScoredRows) -> dict[str, tuple[float, float, float]]:
    """Area of each label that can be ranked, with its ends; none where no probability was kept."""
    if rows.chances is None:
        return {}
    found = {rows.names[code]: _areas(rows, [code]) for code in _ranked_labels(rows)}
    return {name: (area.value, *_bounds(area, CONFIDENCE)) for name, area in found.items()}


def _bounds(found: _Areas, confidence: float) -> Bounds:
    value, odds = found.value, found.value * (1 - found.value)
    if found.deviation == 0 or odds == 0:
        return wilson(value, len(found.parts), confidence)
    logit = math.log(value / (1 - value))
    half = z_of(confidence) * found.deviation / odds
    return _from_logit(logit - half), _from_logit(logit + half)


def _areas(rows: ScoredRows, labels: Sequence[int]) -> _Areas:
    """Average the areas of some labels, by their codes."""
    assert rows.chances is not None, "a ranking needs the probability of each label"
    column = {name: index for index, name in enumerate(rows.known)}
    parts, total, unseen = np.zeros(len(rows)), 0.0, 0.0
    for code in labels:
        name = rows.names[code]
        if name not in column:
            total += NO_CHANCE
            continue
        area, added, more = _area(rows.chances[:, column[name]], _is_label(rows, code))
        total += area
        parts += added / len(labels)
        unseen += more / len(labels) ** 2
    return _Areas(total / len(labels), parts, unseen)


def _area(scores: NDArray[np.float32], is_it: BoolArray) -> tuple[float, FloatArray, float]:
    """Area of one label, each row's part in it, and the variance that the parts cannot show."""
    ranks = _midranks(scores)
    inside, outside = int(is_it.sum()), int((~is_it).sum())
    placed = np.empty(len(scores))
    placed[is_it] = (ranks[is_it] - _midranks(scores[is_it])) / outside
    placed[~is_it] = 1 - (ranks[~is_it] - _midranks(scores[~is_it])) / inside
    area = float(placed[is_it].mean())
    parts = placed - area
    parts[is_it] *= _weight(inside)
    parts[~is_it] *= _weight(outside)
    # One row has no spread; no share can spread more than this.
    single = sum(1 for count in (inside, outside) if count == 1)
    return area, parts, single * area * (1 - area)


def _midranks(scores: NDArray[np.float32]) -> FloatArray:
    """Rank of each score from 1; equal scores share their mean rank."""
    _, place, counts = np.unique(scores, return_inverse=True, return_counts=True)
    ranks: FloatArray = (np.cumsum(counts) - (counts - 1) / 2)[place]
    return ranks


def _weight(count: int) -> float:
    """Makes the squares of ``count`` deviations add up to the variance of their mean."""
    return 1 / math.sqrt(count * max(count - 1, 1))


def _ranked_labels(rows: ScoredRows) -> list[int]:
    """Codes of the labels that some rows have and others do not."""
    if rows.right_sets is not None:
        counts = rows.right_sets.sum(axis=0)
    elif rows.labels is not None:
        counts = np.bincount(rows.labels, minlength=len(rows.names))
    else:
        return []
    return [int(code) for code in np.flatnonzero((counts > 0) & (counts < len(rows)))]


def _is_label(rows: ScoredRows, code: int) -> BoolArray:
    if rows.right_sets is not None:
        found: BoolArray = rows.right_sets[:, code]
        return found
    assert rows.labels is not None
    return np.asarray(rows.labels == code)


def _from_logit(logit: float) -> float:
    return 1 / (1 + math.exp(-logit))
