"""The search for wrong labels over the rows of all splits, and how much to believe it. Pure.

A search that finds nothing says little unless it is known what it would have found. So a copy of
the labels is damaged on purpose, at random and by mixing up neighbours, and searched as well: the
shares that were found again are reported with the result.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import exp, sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from controller.data.label_features import Features, Matrix
from controller.data.label_issues import Doubts, Judge, doubts_of
from controller.data.label_model import Labels

FITTED_ROWS = 50_000
"""The model is fitted on at most so many rows, drawn by the seed; it judges all the others."""
PLANTED_SHARE = 0.05
_PLANTED_ROWS = 10_000
_CELLS = 1 << 24
"""Features times labels that are kept in memory."""
_BLOCK = 20_000
_Z = 1.96

Texts = Sequence[str]


@dataclass(frozen=True)
class Suspect:
    """A row whose label is doubted."""

    row: int
    suggested: int
    odds: float
    """Of the given label against the suggested one, according to the model."""


@dataclass(frozen=True)
class LabelSearch:
    """What was found."""

    suspects: Mapping[str, Sequence[Suspect]]
    """Split → suspects, the most doubtful first."""
    facts: Mapping[str, Any]


def search(splits: Mapping[str, tuple[Texts, Labels]], classes: int, *, seed: int) -> LabelSearch:
    """Search the rows of all splits; only ``train`` is learned from.

    Args:
        splits: Split → folded texts, and their labels from 0.
        classes: How many labels there are; each has five training rows or more.
        seed: Draws folds, the rows that are fitted, and the planted errors.
    """
    texts, labels = splits["train"]
    fitted = _drawn(labels, FITTED_ROWS, seed)
    some = [texts[row] for row in fitted.tolist()]
    features = Features.of(some, at_most=max(1 << 14, _CELLS // classes // 2))
    matrix = features.matrix(some)
    own, judge = doubts_of(matrix, labels[fitted], classes, seed=seed)
    doubts = {
        split: _doubts(judge, features, split_texts, split_labels)
        for split, (split_texts, split_labels) in splits.items()
        if split != "train"
    }
    rest = np.setdiff1d(np.arange(len(labels)), fitted)
    others = _doubts(judge, features, [texts[row] for row in rest.tolist()], labels[rest])
    doubts["train"] = _joined(own, fitted, others, rest)
    suspects = {split: _suspects(found) for split, found in doubts.items()}
    planted = _drawn(labels[fitted], _PLANTED_ROWS, seed + 1)
    facts = {
        "model": "complement naive Bayes on TF-IDF of words and letters, 10 folds",
        "judged": len(labels),
        "fitted": len(fitted),
        "agreement": round(float((doubts["train"].odds >= 0).mean()), 4),
        "estimated_rate": _rate(len(suspects["train"]), len(labels)),
        "planted": _planted(matrix[planted], labels[fitted][planted], classes, seed=seed),
    }
    return LabelSearch(suspects, facts)


def _drawn(labels: Labels, at_most: int, seed: int) -> NDArray[np.int64]:
    """Draw rows; of every label at least as many as its share, rounded up."""
    if len(labels) <= at_most:
        return np.arange(len(labels))
    order = np.random.default_rng(seed).permutation(len(labels))
    by_label = order[np.argsort(labels[order], kind="stable")]
    counts = np.bincount(labels)
    place = np.arange(len(labels)) - np.repeat(np.cumsum(counts) - counts, counts)
    quota = np.ceil(counts * at_most / len(labels))[labels[by_label]]
    return np.sort(by_label[place < quota])


def _doubts(judge: Judge, features: Features, texts: Texts, labels: Labels) -> Doubts:
    """Judge rows that were not fitted, block by block: a million rows never are one matrix."""
    parts = [
        judge.doubts(features.matrix(texts[start : start + _BLOCK]), labels[start : start + _BLOCK])
        for start in range(0, len(texts), _BLOCK)
    ]
    empty = Doubts(np.zeros(0, np.float32), np.zeros(0, np.int64), np.zeros(0, bool))
    parts = parts or [empty]
    return Doubts(
        odds=np.concatenate([part.odds for part in parts]),
        others=np.concatenate([part.others for part in parts]),
        confident=np.concatenate([part.confident for part in parts]),
    )


def _joined(own: Doubts, fitted: Any, others: Doubts, rest: Any) -> Doubts:
    order = np.argsort(np.concatenate([fitted, rest]), kind="stable")
    return Doubts(
        odds=np.concatenate([own.odds, others.odds])[order],
        others=np.concatenate([own.others, others.others])[order],
        confident=np.concatenate([own.confident, others.confident])[order],
    )


def _suspects(doubts: Doubts) -> list[Suspect]:
    return [
        Suspect(row, int(doubts.others[row]), float(f"{exp(float(doubts.odds[row])):.2g}"))
        for row in doubts.worst.tolist()
    ]


def _rate(count: int, rows: int) -> dict[str, Any]:
    """The share of suspected labels with Wilson's interval (1927), 95 % two-sided.

    The interval is about these rows being a sample. It knows nothing of the model's own errors:
    hard rows are suspected too, and what it misses stands under ``planted``.
    """
    rate = count / rows
    centre = (rate + _Z**2 / (2 * rows)) / (1 + _Z**2 / rows)
    half = _Z * sqrt(rate * (1 - rate) / rows + _Z**2 / (4 * rows**2)) / (1 + _Z**2 / rows)
    low, high = max(0.0, centre - half), min(1.0, centre + half)
    bounds = {"value": round(rate, 4), "low": round(low, 4), "high": round(high, 4)}
    return bounds | {"n": rows, "method": "confident joint; Wilson"}


def _planted(matrix: Matrix, labels: Labels, classes: int, *, seed: int) -> dict[str, Any]:
    """Damage a copy of the labels, and say which share of that was found again."""
    doubts, _ = doubts_of(matrix, labels, classes, seed=seed)
    kinds = {
        "random": _other_labels(labels, classes, seed),
        "confusable": _confusable(doubts, labels, classes)[labels],
    }
    rng = np.random.default_rng(seed)
    damaged = np.zeros(len(labels), bool)
    damaged[rng.choice(len(labels), max(1, round(PLANTED_SHARE * len(labels))), replace=False)] = (
        True
    )
    found: dict[str, Any] = {"share": PLANTED_SHARE, "rows": int(damaged.sum())}
    for kind, wrong in kinds.items():
        again, _ = doubts_of(matrix, np.where(damaged, wrong, labels), classes, seed=seed)
        suspected = again.worst
        right = int(damaged[suspected].sum())
        found[kind] = {
            "recall": round(right / int(damaged.sum()), 3),
            "precision_at_least": round(right / max(1, len(suspected)), 3),
        }
    return found


def _other_labels(labels: Labels, classes: int, seed: int) -> Labels:
    steps = np.random.default_rng(seed).integers(1, classes, len(labels))
    found: Labels = (labels + steps) % classes
    return found


def _confusable(doubts: Doubts, labels: Labels, classes: int) -> Labels:
    """The label that each label is most often taken for."""
    taken = np.zeros((classes, classes))
    # Rows that are read right vote as well, with little weight: a label may have no others.
    np.add.at(taken, (labels, doubts.others), np.where(doubts.odds < 0, 1.0, 1e-6))
    found: Labels = taken.argmax(axis=1)
    return found
