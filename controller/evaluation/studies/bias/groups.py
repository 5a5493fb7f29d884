"""Differences between declared groups of rows: accuracy, selection, errors, equalised odds.

For each quantity the largest difference between any two groups counts (as fairlearn's
``*_difference``), over every label that counts as being selected. It is chosen after the fact, so
its interval is made of bounds that hold for all comparisons at once (Bonferroni): the truth lies
above the largest lower bound, and below the largest upper bound. Equalised odds: Hardt, Price and
Srebro, *Equality of Opportunity in Supervised Learning* (2016).
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import combinations
from typing import Any

import numpy as np

from controller.errors import EvaluationError
from controller.evaluation.intervals import (
    CONFIDENCE,
    Bounds,
    combined,
    mean_half_width,
    wilson,
)
from controller.evaluation.predictors import JudgedRow, KnowsChances
from controller.evaluation.scored_rows import BoolArray, FloatArray
from controller.evaluation.studies.base import Bench
from controller.evaluation.studies.estimates import mean_of, rate_of, unknown
from registry.records import Estimate
from specs.problems import suggest

MIN_GROUP_ROWS = 20
"""Groups of fewer rows are named and not compared."""
MAX_GROUPS = 20
"""Groups that are compared, the largest first."""

Scores = list[BoolArray] | list[FloatArray]
"""Per-row scores of each group."""


@dataclass(frozen=True)
class Rows:
    """The counted rows of one group."""

    scores: Mapping[str, FloatArray]
    """Per-row numbers by name: ``correct``; or ``exact_match`` and ``token_f1``."""
    right: BoolArray
    """Whether each row has each outcome, [rows, outcomes]; no columns for texts."""
    predicted: BoolArray

    def __len__(self) -> int:
        return len(self.right)


def compare_groups(
    bench: Bench, family: str, outcomes: Sequence[str]
) -> tuple[dict[str, Estimate], dict[str, Any]]:
    """Compare the values of one slice family; metrics by name, and a table of the groups.

    Raises:
        EvaluationError: A declared outcome is no label of the version or of the rows.
    """
    names = _outcomes(bench, outcomes)
    groups = _groups(bench, family, names)
    small = {name: len(rows) for name, rows in groups.items() if len(rows) < MIN_GROUP_ROWS}
    large = sorted(
        (name for name in groups if name not in small), key=lambda n: (-len(groups[n]), n)
    )
    compared = {name: groups[name] for name in large[:MAX_GROUPS]}
    is_of_labels = isinstance(bench.predictor, KnowsChances)
    compare = _of_labels if is_of_labels else _of_texts
    comparisons = compare(list(compared.values()), len(names))
    metrics = {f"bias.{family}.{name}": _largest(found) for name, found in comparisons.items()}
    if is_of_labels:
        metrics = _guarded(metrics, family, comparisons, outcomes)
    return metrics, {
        "groups": {name: _described(rows, names, outcomes) for name, rows in compared.items()},
        "too_small": small,
        "left_out": {name: len(groups[name]) for name in large[MAX_GROUPS:]},
        "outcomes": list(outcomes),
        "labels_compared": len(names),
        "too_rare": {name: _uncompared(found) for name, found in comparisons.items()},
    }


def _outcomes(bench: Bench, declared: Sequence[str]) -> list[str]:
    """The labels whose selection is compared; none where the version writes texts."""
    if not isinstance(bench.predictor, KnowsChances):
        return []
    known = set(bench.predictor.labels)
    unknown_ones = [name for name in declared if name not in known]
    if unknown_ones:
        raise EvaluationError(
            f"evaluation.bias.outcomes: the version has no label {unknown_ones[0]!r}",
            reason="OutcomeUnknown",
            fix=suggest(unknown_ones[0], sorted(known), otherwise="its labels are"),
        )
    return list(declared) or sorted(known)


def _groups(bench: Bench, family: str, names: Sequence[str]) -> dict[str, Rows]:
    places: dict[str, list[int]] = defaultdict(list)
    for place in bench.counted:
        places[bench.judged[place]["slices"][family]].append(place)
    return {
        value: _rows([bench.judged[place] for place in found], names)
        for value, found in sorted(places.items())
    }


def _rows(judged: Sequence[JudgedRow], names: Sequence[str]) -> Rows:
    scored = ("correct", "exact_match", "token_f1")
    return Rows(
        scores={
            name: np.array([row[name] for row in judged], dtype=np.float64)
            for name in scored
            if name in judged[0]
        },
        right=_membership(judged, ("label", "labels"), names),
        predicted=_membership(judged, ("predicted",), names),
    )


def _membership(
    judged: Sequence[JudgedRow], fields: Sequence[str], names: Sequence[str]
) -> BoolArray:
    """Whether each row's label, or set of labels, holds each of ``names``."""
    found = np.zeros((len(judged), len(names)), dtype=np.bool_)
    column = {name: at for at, name in enumerate(names)}
    for index, row in enumerate(judged):
        held: str | list[str] = next((row[field] for field in fields if field in row), [])
        for name in [held] if isinstance(held, str) else held:
            if name in column:
                found[index, column[name]] = True
    return found


def _of_texts(groups: Sequence[Rows], _outcomes: int) -> dict[str, list[Scores]]:
    names = ("exact_match", "token_f1")
    return {f"{name}_gap": [[rows.scores[name] for rows in groups]] for name in names}


def _of_labels(groups: Sequence[Rows], outcomes: int) -> dict[str, list[Scores]]:
    """Name each difference, and give what it compares: one list of groups' scores per label."""
    columns = range(outcomes)
    found = [[rows.predicted[rows.right[:, at], at] for rows in groups] for at in columns]
    alarms = [[rows.predicted[~rows.right[:, at], at] for rows in groups] for at in columns]
    return {
        "accuracy_gap": [[rows.scores["correct"] for rows in groups]],
        "selection_rate_gap": [[rows.predicted[:, at] for rows in groups] for at in columns],
        "true_positive_rate_gap": found,
        "false_positive_rate_gap": alarms,
        "equalized_odds_gap": [*found, *alarms],
    }


def _guarded(
    metrics: dict[str, Estimate],
    family: str,
    comparisons: Mapping[str, Sequence[Scores]],
    outcomes: Sequence[str],
) -> dict[str, Estimate]:
    """Leave open what was not compared: no gate passes by a part of what it asks for.

    A declared outcome that is too rare in some group may have any gap; so may equalised odds where
    one of its two rates was compared for no label at all.
    """
    odds = ("true_positive_rate_gap", "false_positive_rate_gap")
    is_half = any(_uncompared(comparisons[name]) == len(comparisons[name]) for name in odds)
    found = {}
    for name, estimate in metrics.items():
        quantity = name.removeprefix(f"bias.{family}.")
        is_open = bool(outcomes) and _uncompared(comparisons[quantity]) > 0
        is_open = is_open or (quantity == "equalized_odds_gap" and is_half)
        found[name] = replace(estimate, high=1.0) if is_open else estimate
    return found


def _uncompared(comparisons: Sequence[Scores]) -> int:
    """Labels for which some group that is compared has too few rows."""
    return sum(any(len(one) < MIN_GROUP_ROWS for one in scores) for scores in comparisons)


def _largest(comparisons: Sequence[Scores]) -> Estimate:
    """The largest difference, with bounds that hold for all of them at once."""
    pairs = [pair for scores in comparisons for pair in _pairs(scores)]
    if not pairs:
        return unknown("simultaneous")
    confidence = 1 - (1 - CONFIDENCE) / len(pairs)
    gaps = [_gap(first, second, confidence) for first, second in pairs]
    value, low, high = (max(gap[end] for gap in gaps) for end in range(3))
    method = "newcombe" if len(pairs) == 1 else "simultaneous"
    return Estimate(value, low, high, max(len(a) + len(b) for a, b in pairs), method)


def _pairs(scores: Scores) -> Iterator[tuple[FloatArray, FloatArray]]:
    """Two groups each, as far as both have rows enough for the quantity."""
    enough = [found.astype(np.float64) for found in scores if len(found) >= MIN_GROUP_ROWS]
    return combinations(enough, 2)


def _gap(first: FloatArray, second: FloatArray, confidence: float) -> tuple[float, float, float]:
    """Absolute difference of two groups' means, and its bounds."""
    means = float(first.mean()), float(second.mean())
    bounds = _bounds(first, confidence), _bounds(second, confidence)
    low, high = combined(means[0], bounds[0], means[1], bounds[1])
    return abs(means[0] - means[1]), max(0.0, low, -high), min(1.0, max(-low, high))


def _bounds(scores: FloatArray, confidence: float) -> Bounds:
    value, n = float(scores.mean()), len(scores)
    if scores.std() == 0 or set(np.unique(scores)) <= {0.0, 1.0}:
        return wilson(value, n, confidence)
    half = mean_half_width(float(scores.std(ddof=1)), n, confidence)
    return max(0.0, value - half), min(1.0, value + half)


def _described(rows: Rows, names: Sequence[str], outcomes: Sequence[str]) -> dict[str, Any]:
    """One line of the table: the group's own rates with their intervals."""
    described: dict[str, Any] = {"rows": len(rows)}
    for name, scores in rows.scores.items():
        is_rate = name in ("correct", "exact_match")
        metric = "accuracy" if name == "correct" else name
        described[metric] = asdict(rate_of(scores) if is_rate else mean_of(scores))
    for at, name in enumerate(names if outcomes else ()):
        right = rows.right[:, at]
        chosen = {
            "selection_rate": rows.predicted[:, at],
            "true_positive_rate": rows.predicted[right, at],
            "false_positive_rate": rows.predicted[~right, at],
        }
        described.setdefault("outcomes", {})[name] = {
            quantity: asdict(rate_of(found.astype(np.float64)))
            for quantity, found in chosen.items()
        }
    return described
