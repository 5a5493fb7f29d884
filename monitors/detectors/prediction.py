"""Predicted labels: has the mix of what the model answers moved?

Two samples, because the reference is finite: the labels predicted for held-out rows against the
labels predicted in the last 1, 2, 4 and 8 windows. Power divergence with lambda = 2/3 (Cressie and
Read, 1984): a chi-squared test like Pearson's, chosen because its tail stays on the safe side
at the small levels that a false-alarm budget asks for, where Pearson's and the G test do not
(docs/howto/monitoring.md).

Assumes requests that do not depend on each other.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.stats import chi2

from monitors.detectors.base import Allowance, Evidence, State, strongest
from monitors.detectors.trailing import HORIZONS, TrailingCounts

LEAST_EXPECTED = 5.0
"""Expected count that each cell needs in both samples; rarer labels share a cell."""
_LAMBDA = 2 / 3

Counts = NDArray[np.float64]


class PredictionDetector:
    """Chi-squared test of predicted labels over trailing windows."""

    def __init__(self, reference: Sequence[str], *, window: int) -> None:
        """``reference`` are predicted labels of held-out rows; ``window`` is in requests."""
        self._labels: dict[str, int] = {}
        cells = [self._cell(label) for label in reference]
        self._reference = np.bincount(cells).astype(float)
        self._trailing = TrailingCounts(window)
        self._allowance = Allowance(1.0, 1.0)
        self._evidence: Evidence | None = None

    def allow(self, allowance: Allowance) -> None:
        """Set the false alarms allowed from the next look on."""
        self._allowance = allowance

    def update(self, label: str) -> None:
        """Count one predicted label, and look when a block is full."""
        if self._trailing.add(self._cell(label)):
            self._evidence = self._look()

    def evidence(self) -> Evidence | None:
        """Give the evidence of the last look; None before the first full window."""
        return self._evidence

    def state(self) -> State:
        """Labels in order of first sight, and the trailing counts."""
        return {"labels": list(self._labels), "trailing": self._trailing.state()}

    def restore(self, state: State) -> None:
        """Take over what ``state`` gave; the evidence of the last look is made again."""
        self._labels = {label: cell for cell, label in enumerate(state["labels"])}
        self._trailing.restore(state["trailing"])
        self._evidence = self._look()

    def _cell(self, label: str) -> int:
        return self._labels.setdefault(label, len(self._labels))

    def _look(self) -> Evidence | None:
        needed = self._allowance.log_looks(
            stride=self._trailing.stride, tests_per_look=len(HORIZONS)
        )
        looks = [
            Evidence(self._log_p(counts), needed, "trailing", windows)
            for windows, counts in self._trailing.horizons()
        ]
        return strongest(*looks)

    def _log_p(self, counts: Mapping[int, int]) -> float:
        reference = np.zeros(len(self._labels))
        reference[: len(self._reference)] = self._reference
        current = np.array([counts.get(cell, 0) for cell in range(len(self._labels))], float)
        return -log_p_same_mix(reference, current)


def log_p_same_mix(reference: Counts, current: Counts) -> float:
    """Log p-value that two samples of counts come from one mix; 0 when nothing can be said."""
    groups = pooled(reference, current)
    table = np.array([np.bincount(groups, weights=row) for row in (reference, current)])
    if table.shape[1] < 2:  # noqa: PLR2004  (one cell has no mix)
        return 0.0
    expected = table.sum(axis=1, keepdims=True) * table.sum(axis=0) / table.sum()
    terms = table * ((table / expected) ** _LAMBDA - 1)
    statistic = 2 / (_LAMBDA * (_LAMBDA + 1)) * float(terms.sum())
    return float(chi2.logsf(statistic, table.shape[1] - 1))


def pooled(reference: Counts, current: Counts) -> NDArray[np.intp]:
    """Give each label its cell, so that every cell expects enough in both samples.

    Labels are taken by falling total; one that is large enough has a cell of its own, the others
    are put together until they are. Only totals decide: given them, the test stays a test.
    """
    total = reference + current
    smaller = min(reference.sum(), current.sum())
    needed = LEAST_EXPECTED * total.sum() / max(smaller, 1.0)
    groups = np.zeros(len(total), dtype=np.intp)
    cell, filled = 0, 0.0
    for label in np.argsort(-total, kind="stable"):
        if filled >= needed:
            cell, filled = cell + 1, 0.0
        groups[label] = cell
        filled += total[label]
    if filled < needed and cell > 0:  # the rest is too little for a cell of its own
        groups[groups == cell] = cell - 1
    return groups
