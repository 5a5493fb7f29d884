"""Evidence for tests: rows with known answers, and the estimates that follow from them."""

from collections.abc import Mapping, Sequence

import numpy as np

from controller.evaluation.evidence import Evidence
from controller.evaluation.scored_rows import ScoredRows
from controller.evaluation.slices import measure_all, measure_slices

CHEAP = ("accuracy", "loss")


def rows_of(
    correct: Sequence[bool],
    *,
    slices: Mapping[str, Sequence[str]] | None = None,
    excluded: Sequence[bool] | None = None,
) -> ScoredRows:
    """Rows of two labels in turn; a wrong row carries the other label."""
    labels = np.arange(len(correct)) % 2
    right = np.array(correct, dtype=bool)
    return ScoredRows(
        keys=tuple(f"{index}:x" for index in range(len(correct))),
        scores={
            "correct": right.astype(float),
            "loss": np.where(right, 0.1, 2.0),
            "score": np.full(len(correct), 0.9),
        },
        slices={family: tuple(values) for family, values in (slices or {}).items()},
        excluded=np.array(excluded or [False] * len(correct), dtype=bool),
        names=("a", "b"),
        labels=labels,
        predicted=np.where(right, labels, 1 - labels),
    )


def evidence(rows: ScoredRows, *, version: int = 2, metrics: Sequence[str] = CHEAP) -> Evidence:
    """What an evaluation of ``rows`` would store."""
    counted = rows.counted
    return Evidence(version, measure_all(metrics, counted), measure_slices(metrics, counted), rows)


def right(of: int, total: int) -> list[bool]:
    """The first ``of`` of ``total`` rows right."""
    return [index < of for index in range(total)]
