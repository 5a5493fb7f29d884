"""Candidate slices: everything by which rows can be told apart without asking a model. Pure."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise

import numpy as np

from controller.evaluation.scored_rows import IntArray
from specs.rule_grammar import spaced_words

MAX_TERMS = 5000
"""Words and pairs of words that are looked at, the most frequent first."""
LENGTH_QUANTILES = (0.1, 0.2, 0.8, 0.9)


@dataclass(frozen=True)
class Candidate:
    """A set of rows with a name that a person understands."""

    name: str
    """``family=value``, a rule as ``data.slices`` takes it, or two of them joined by ``and``."""
    rule: str | None
    """What to write into ``data.slices`` to declare it; None where all of it is declared."""
    rows: IntArray
    """Places of its rows, ascending."""


def candidates(
    texts: Sequence[str],
    slices: Mapping[str, Sequence[str]],
    *,
    column: str,
    least: int,
) -> list[Candidate]:
    """List slices by declared families, length and vocabulary, and pairs of the first two.

    Args:
        texts: Text of each row.
        slices: Family → value of each row.
        column: What rules call the text: ``text`` or ``prompt``.
        least: Slices of fewer rows are not worth a test; nor are those of more than half the rows,
            whose complement is the shorter thing to say.
    """
    most = len(texts) // 2
    simple = [*_of_families(slices), *_of_lengths(texts, column)]
    simple = [one for one in simple if least <= len(one.rows) <= len(texts)]
    found = [*simple, *_pairs(simple), *_of_words(texts, column, least)]
    distinct: dict[bytes, Candidate] = {}
    for one in found:
        if least <= len(one.rows) <= most:
            # The same rows under two names are one question; the simpler name comes first.
            distinct.setdefault(one.rows.tobytes(), one)
    return list(distinct.values())


def _of_families(slices: Mapping[str, Sequence[str]]) -> Iterator[Candidate]:
    for family, values in slices.items():
        column = np.array(values, dtype=object)
        for value in sorted(set(values)):
            yield Candidate(f"{family}={value}", None, np.flatnonzero(column == value))


def _of_lengths(texts: Sequence[str], column: str) -> Iterator[Candidate]:
    lengths = np.array([len(text) for text in texts])
    for quantile in LENGTH_QUANTILES:
        limit = int(np.quantile(lengths, quantile))
        sign, inside = ("<=", lengths <= limit) if quantile < 0.5 else (">=", lengths >= limit)  # noqa: PLR2004
        rule = f"len({column}) {sign} {limit}"
        yield Candidate(rule, rule, np.flatnonzero(inside))


def _pairs(simple: Sequence[Candidate]) -> Iterator[Candidate]:
    for one, other in combinations(simple, 2):
        if one.name.partition("=")[0] == other.name.partition("=")[0]:
            continue  # two values of one family have no row in common
        rows = np.intersect1d(one.rows, other.rows, assume_unique=True)
        if len(rows) < min(len(one.rows), len(other.rows)):
            yield Candidate(f"{one.name} and {other.name}", None, rows)


def _of_words(texts: Sequence[str], column: str, least: int) -> Iterator[Candidate]:
    places: dict[str, list[int]] = defaultdict(list)
    for index, text in enumerate(texts):
        words = spaced_words(text).split()
        pairs = (f"{one} {other}" for one, other in pairwise(words))
        for term in {*words, *pairs}:
            places[term].append(index)
    frequent = sorted(
        (term for term, rows in places.items() if len(rows) >= least),
        key=lambda term: (-len(places[term]), term),
    )
    for term in frequent[:MAX_TERMS]:
        rule = f'{column} contains "{term}"'
        yield Candidate(rule, rule, np.array(places[term], dtype=np.int64))
