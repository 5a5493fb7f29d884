"""Scored rows: held-out rows with what a version made of them, as arrays. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]


@dataclass(frozen=True)
class ScoredRows:
    """Per-row results: any metric of any subset, and any pairing, is arithmetic over these."""

    keys: tuple[str, ...]
    """Row number and hash of the text: the same row in two evaluations has one key."""
    scores: Mapping[str, FloatArray]
    """Per-row number by name: ``correct``, ``loss``, ``score``; or ``exact_match``, ..."""
    slices: Mapping[str, tuple[str, ...]]
    """Slice family → value of each row."""
    excluded: BoolArray
    """Rows that gates leave out."""
    names: tuple[str, ...] = ()
    """Label of each code; empty for generation."""
    labels: IntArray | None = None
    """Code of the right label."""
    predicted: IntArray | None = None
    right_sets: BoolArray | None = None
    """Multi-label: whether each row has each label of ``names``, [rows, labels]."""
    predicted_sets: BoolArray | None = None
    known: tuple[str, ...] = ()
    """Labels that the version knows: the columns of ``chances``."""
    chances: NDArray[np.float32] | None = None
    """Logarithm of the probability of each label of ``known``, [rows, labels]; if it was kept."""

    def __len__(self) -> int:
        return len(self.keys)

    def select(self, indices: IntArray) -> "ScoredRows":
        """Return the rows at ``indices``, in that order."""
        chosen = [int(index) for index in indices]
        return ScoredRows(
            keys=tuple(self.keys[index] for index in chosen),
            scores={name: values[indices] for name, values in self.scores.items()},
            slices={
                family: tuple(values[index] for index in chosen)
                for family, values in self.slices.items()
            },
            excluded=self.excluded[indices],
            names=self.names,
            labels=None if self.labels is None else self.labels[indices],
            predicted=None if self.predicted is None else self.predicted[indices],
            right_sets=None if self.right_sets is None else self.right_sets[indices],
            predicted_sets=None if self.predicted_sets is None else self.predicted_sets[indices],
            known=self.known,
            chances=None if self.chances is None else self.chances[indices],
        )

    @property
    def counted(self) -> "ScoredRows":
        """The rows that gates judge."""
        return self.select(np.flatnonzero(~self.excluded)) if self.excluded.any() else self


def paired(mine: ScoredRows, theirs: ScoredRows) -> tuple[ScoredRows, ScoredRows]:
    """Return the rows that both have and neither excludes, in one order, with one label coding."""
    places = {key: index for index, key in enumerate(theirs.keys) if not theirs.excluded[index]}
    pairs = [
        (index, places[key])
        for index, key in enumerate(mine.keys)
        if key in places and not mine.excluded[index]
    ]
    first = mine.select(np.array([pair[0] for pair in pairs], dtype=np.int64))
    second = theirs.select(np.array([pair[1] for pair in pairs], dtype=np.int64))
    second = _recoded(second, first.names)
    # Sets are compared column by column, so that both must have all columns.
    return (_recoded(first, second.names) if first.right_sets is not None else first), second


def _recoded(rows: ScoredRows, names: Sequence[str]) -> ScoredRows:
    """Give the labels the codes they have in ``names``; labels unknown there follow after."""
    if rows.right_sets is not None:
        return _with_columns(rows, names)
    if rows.labels is None or rows.predicted is None or rows.names == tuple(names):
        return rows
    all_names = (*names, *(name for name in rows.names if name not in set(names)))
    code = {name: index for index, name in enumerate(all_names)}
    table = np.array([code[name] for name in rows.names], dtype=np.int64)
    return replace(
        rows, names=all_names, labels=table[rows.labels], predicted=table[rows.predicted]
    )


def _with_columns(rows: ScoredRows, names: Sequence[str]) -> ScoredRows:
    """Give sets of labels the columns of ``names``; labels unknown there follow after."""
    assert rows.right_sets is not None
    assert rows.predicted_sets is not None
    all_names = (*names, *(name for name in rows.names if name not in set(names)))
    place = {name: index for index, name in enumerate(rows.names)}
    empty = np.zeros((len(rows), 1), dtype=np.bool_)
    columns = np.array([place.get(name, len(place)) for name in all_names], dtype=np.int64)
    right, predicted = (
        np.concatenate([sets, empty], axis=1)[:, columns]
        for sets in (rows.right_sets, rows.predicted_sets)
    )
    return replace(rows, names=all_names, right_sets=right, predicted_sets=predicted)
