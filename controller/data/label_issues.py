"""Rows whose label is probably wrong: confident learning, with one ranking. Pure.

How many labels are wrong is read from the confident joint (Northcutt et al., 2021): the rows that
are confidently of another label than the given one, where *confidently* means about as likely as
the trusted rows of that label are on average. Which ones they are is read from the odds of the
given label against the best other one: a label drawn at random and a label mixed up with its
neighbour both stand at the bottom of that one list. All is done twice, the second time by a model
without the rows at the bottom, because wrong labels teach it to believe them.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from controller.data.label_features import Matrix
from controller.data.label_model import LabelModel, Labels, Scores, calibrated, fit, unseen_scores

_LENIENCE = 0.97
"""Of the mean: where labels are easy all rows are about as likely, and half lie below the mean."""


@dataclass(frozen=True)
class Doubts:
    """How each row's label looks to a model that did not see the row."""

    odds: NDArray[np.float32]
    """Logarithm of the odds of the given label against the best other one; low is doubtful."""
    others: Labels
    """The best other label."""
    confident: NDArray[np.bool_]
    """Confidently of another label: the off-diagonal of the confident joint."""

    @property
    def worst(self) -> NDArray[np.int64]:
        """The suspected rows, the most doubtful first: as many as the confident joint counts."""
        ranked = np.argsort(self.odds, kind="stable")[: int(self.confident.sum())]
        return ranked[self.odds[ranked] < 0]


@dataclass(frozen=True)
class Judge:
    """A model of the labels, and how likely a label is among its own rows."""

    model: LabelModel
    thresholds: NDArray[np.float32]
    """Logarithms, by label."""

    def doubts(self, matrix: Matrix, labels: Labels) -> Doubts:
        """Judge rows that the model was not fitted on."""
        return _doubts(self.model.log_probabilities(matrix), labels, self.thresholds)


def doubts_of(matrix: Matrix, labels: Labels, classes: int, *, seed: int) -> tuple[Doubts, Judge]:
    """Judge every row by models that did not see it; also return a model of them all.

    Args:
        matrix: Features of the rows.
        labels: Their labels; every label has two rows or more.
        classes: How many labels there are.
        seed: Draws the folds.
    """
    everything = np.ones(len(labels), bool)
    first, _, _ = _pass(matrix, labels, classes, seed=seed, trusted=everything)
    trusted = everything.copy()
    trusted[first.worst] = False
    found, thresholds, temperature = _pass(matrix, labels, classes, seed=seed, trusted=trusted)
    model = fit(matrix[trusted], labels[trusted], classes, temperature=temperature)
    return found, Judge(model, thresholds)


def _pass(
    matrix: Matrix, labels: Labels, classes: int, *, seed: int, trusted: NDArray[np.bool_]
) -> tuple[Doubts, NDArray[np.float32], float]:
    scores = unseen_scores(matrix, labels, classes, seed=seed, trusted=trusted)
    likely, temperature = calibrated(scores, labels)
    thresholds = _thresholds(likely[trusted], labels[trusted], classes)
    return _doubts(likely, labels, thresholds), thresholds, temperature


def _thresholds(likely: Scores, labels: Labels, classes: int) -> NDArray[np.float32]:
    """Mean probability of each label among the trusted rows that carry it, as logarithms."""
    given = np.exp(likely[np.arange(len(labels)), labels])
    rows = np.bincount(labels, minlength=classes)
    means = np.bincount(labels, given, minlength=classes) / np.maximum(rows, 1)
    found: NDArray[np.float32] = np.log(np.where(rows > 0, _LENIENCE * means, 1)).astype(np.float32)
    return found


def _doubts(likely: Scores, labels: Labels, thresholds: NDArray[np.float32]) -> Doubts:
    rows = np.arange(len(labels))
    confident = np.where(likely >= thresholds, likely, -np.inf)
    sure = confident.argmax(axis=1)
    given = likely[rows, labels]
    rest = likely.copy()
    rest[rows, labels] = -np.inf
    others = rest.argmax(axis=1)
    return Doubts(
        odds=given - rest[rows, others],
        others=others,
        confident=np.isfinite(confident[rows, sure]) & (sure != labels),
    )
