"""Counterfactual swaps: the same text with another group's words should get the same answer.

Pairs come from the test rows that hold such a word, and from templates around the texts of a seeded
sample of test rows, because real data seldom names a group (0.6 % of banking77's rows a gender).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

import numpy as np

from controller.evaluation.predictors import JudgedRow, KnowsChances, PreparedRow
from controller.evaluation.scored_rows import FloatArray
from controller.evaluation.studies.base import Bench
from controller.evaluation.studies.bias.attributes import SLOT, fill
from controller.evaluation.studies.estimates import mean_of, rate_of
from controller.evaluation.studies.showing import answer_of, flipped, shortened
from controller.perturbations import Attribute
from registry.records import Estimate

TEMPLATE_PAIRS = 200
"""Test rows that templates are filled with, at most: each of them once."""
MIN_PAIRS = 52
"""Fewer pairs show nothing: not one flip in 52 still leaves a flip rate of 5 % possible."""
MAX_EXAMPLES = 10
IN_PLACE, TEMPLATE = "in_place", "template"


@dataclass(frozen=True)
class _Pair:
    place: int
    source: str
    before: str
    after: str


def measure_attribute(
    bench: Bench, name: str, attribute: Attribute
) -> tuple[dict[str, Estimate], dict[str, Any]]:
    """Measure flip rate and score gap of one attribute, over all pairs; and what is told."""
    pairs = [*_in_place(bench, attribute), *_from_templates(bench, name, attribute)]
    rows = [bench.rows[pair.place] for pair in pairs]
    phase = f"predicting with {name} swapped"
    rewritten = bench.predictor.rewritten
    asked = [
        *(rewritten(row, pair.before) for row, pair in zip(rows, pairs, strict=True)),
        *(rewritten(row, pair.after) for row, pair in zip(rows, pairs, strict=True)),
    ]
    judged = bench.predictor.judge(asked, bench.tell(phase)) if asked else []
    before, after = judged[: len(pairs)], judged[len(pairs) :]
    flips = _flips(attribute, before, after)
    gaps = _gaps(bench, asked, judged)
    metrics = {
        f"bias.{name}.flip_rate": rate_of(flips),
        f"bias.{name}.score_gap": mean_of(gaps),
    }
    sources = np.array([pair.source for pair in pairs])
    return metrics, {
        "pairs": len(pairs),
        "enough": len(pairs) >= MIN_PAIRS,
        "by_source": {
            source: {
                "pairs": int((sources == source).sum()),
                "flips": int(flips[sources == source].sum()),
            }
            for source in (IN_PLACE, TEMPLATE)
        },
        "examples": _examples(bench, pairs, (before, after), flips),
    }


def _in_place(bench: Bench, attribute: Attribute) -> list[_Pair]:
    found = []
    for place in bench.counted:
        question = bench.predictor.question_of(bench.rows[place])
        swapped = attribute.swap(question)
        if swapped != question:
            found.append(_Pair(place, IN_PLACE, question, swapped))
    return found


def _from_templates(bench: Bench, name: str, attribute: Attribute) -> list[_Pair]:
    """Fill the templates in turn, each with rows of its own, so that the pairs are independent."""
    if not attribute.frames:
        return []
    rng = Random(f"{bench.seed}:bias:{name}")  # noqa: S311  (a draw)
    places = rng.sample(bench.counted, min(TEMPLATE_PAIRS, len(bench.counted)))
    found = {}
    for index, place in enumerate(places):
        template = attribute.frames[index % len(attribute.frames)]
        before = fill(template, bench.predictor.question_of(bench.rows[place]))
        if SLOT in template or before not in found:
            found[before] = _Pair(place, TEMPLATE, before, attribute.swap(before))
    return [pair for pair in found.values() if pair.after != pair.before]


def _flips(
    attribute: Attribute, before: Sequence[JudgedRow], after: Sequence[JudgedRow]
) -> FloatArray:
    """1 where the answer changed; a text that changed as its prompt did is the same answer."""
    return np.array(
        [
            flipped(one, other) and flipped(_swapped(attribute, one), other)
            for one, other in zip(before, after, strict=True)
        ],
        dtype=np.float64,
    )


def _swapped(attribute: Attribute, judged: JudgedRow) -> JudgedRow:
    if "generated" not in judged:
        return judged
    return {**judged, "generated": attribute.swap(judged["generated"])}


def _gaps(bench: Bench, asked: Sequence[PreparedRow], judged: Sequence[JudgedRow]) -> FloatArray:
    """How far the probability of the answer to the first of each pair moves.

    Of a text, which is another one each time, it is the row's right answer's, per token.
    """
    half = len(asked) // 2
    predictor = bench.predictor
    if not half:
        return np.zeros(0)
    if not isinstance(predictor, KnowsChances):
        of_right = np.exp(-np.array([row["loss"] for row in judged], dtype=np.float64))
        moved: FloatArray = np.abs(of_right[:half] - of_right[half:])
        return moved
    tell = bench.tell("comparing scores")
    chances = predictor.chances_of([predictor.question_of(row) for row in asked], tell)
    best = chances[:half].argmax(axis=1)
    rows = np.arange(half)
    first, second = chances[:half][rows, best], chances[half:][rows, best]
    gaps: FloatArray = np.abs(first - second).astype(np.float64)
    return gaps


def _examples(
    bench: Bench,
    pairs: Sequence[_Pair],
    judged: tuple[Sequence[JudgedRow], Sequence[JudgedRow]],
    flips: FloatArray,
) -> list[dict[str, Any]]:
    shown = np.flatnonzero(flips)[:MAX_EXAMPLES]
    before, after = judged
    return [
        {
            "row": bench.rows[pairs[index].place]["row"],
            "source": pairs[index].source,
            "before": shortened(pairs[index].before),
            "after": shortened(pairs[index].after),
            "predicted": answer_of(before[index]),
            "predicted_after": answer_of(after[index]),
        }
        for index in shown
    ]
