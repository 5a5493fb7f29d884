"""Mitigation: rows that count more, and perturbed copies of training rows. Seeded, and recorded.

Only training rows are ever touched: validation and test rows stay as the data has them.
"""

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

from controller.errors import TrainingError
from controller.perturbations import PERTURBATIONS
from specs.names import label_set
from specs.training import Mitigation

WEIGHT = "weight"
"""The key of a row's weight, where rows are weighed."""
ADDED = "added_by"
"""The key that names the perturbation of a row that was added."""
BY_LABEL = "label"

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Mitigated:
    """Training rows after mitigation, and what was done."""

    rows: Sequence[Row]
    record: Mapping[str, Any] = field(default_factory=dict)
    """For lineage: rows added by kind, weights by value; empty when nothing was declared."""


def mitigate(rows: Sequence[Row], wanted: Mitigation | None, *, seed: int) -> Mitigated:
    """Add what ``wanted`` declares to training rows.

    Raises:
        TrainingError: The rows do not have what they shall be weighed by.
    """
    if wanted is None:
        return Mitigated(rows)
    record: dict[str, Any] = {"rows": len(rows)}
    if wanted.augment:
        added = {
            kind: list(_copies(rows, kind, wanted.augment_copies, seed)) for kind in wanted.augment
        }
        record["added"] = {kind: len(copies) for kind, copies in added.items()}
        rows = [*rows, *(copy for copies in added.values() for copy in copies)]
    if wanted.reweight is not None:
        weights = weights_by_value(rows, wanted.reweight)
        record |= {"reweight": wanted.reweight, "weights": _rounded(weights)}
        rows = _weighed(rows, weights, wanted.reweight)
    return Mitigated(rows, record)


def weights_by_value(rows: Sequence[Row], by: str) -> dict[str, float]:
    """Weight of each value, so that all values together count the same, with mean 1 over the rows.

    In multi-label a row's value is each of its labels, or ``(none)``; see ``_weight``.
    """
    counts = Counter(value for row in rows for value in values_of(row, by))
    return {value: counts.total() / (len(counts) * count) for value, count in counts.items()}


def values_of(row: Row, by: str) -> list[str]:
    """The values that decide a row's weight: its label or labels, or its slice."""
    if by == BY_LABEL:
        labels = row["labels"] if "labels" in row else [row["label"]]
        return labels or [label_set([])]
    if by not in row["slices"]:
        known = ", ".join(row["slices"]) or "none"
        problem = f"training.mitigation.reweight: the rows have no slice family {by!r}"
        raise TrainingError(problem, reason="SliceAbsent", fix=f"the families are: {known}")
    return [row["slices"][by]]


def _weighed(rows: Sequence[Row], weights: Mapping[str, float], by: str) -> list[Row]:
    raw = [_weight(row, weights, by) for row in rows]
    mean = sum(raw) / len(raw)
    return [{**row, WEIGHT: weight / mean} for row, weight in zip(rows, raw, strict=True)]


def _weight(row: Row, weights: Mapping[str, float], by: str) -> float:
    """A row of several labels weighs as its rarest one: that label is what it is needed for."""
    return max(weights[value] for value in values_of(row, by))


def _copies(rows: Sequence[Row], kind: str, copies: float, seed: int) -> Iterator[Row]:
    """Perturb rows in a seeded order until there are enough; a copy is never what it came from."""
    left, seen = round(copies * len(rows)), {row["text"] for row in rows}
    for number in range(math.ceil(copies)):
        # By row number, so that one row more does not change the copies of the others.
        draws = [(Random(f"{seed}:{kind}:{number}:{row['row']}"), row) for row in rows]  # noqa: S311
        draws.sort(key=lambda draw: (draw[0].random(), draw[1]["row"]))
        for rng, row in draws:
            text = PERTURBATIONS[kind](row["text"], rng)
            if left > 0 and text not in seen:
                left -= 1
                seen.add(text)
                yield {**row, "text": text, ADDED: kind}


def _rounded(weights: Mapping[str, float]) -> dict[str, float]:
    return {value: round(weight, 4) for value, weight in sorted(weights.items())}
