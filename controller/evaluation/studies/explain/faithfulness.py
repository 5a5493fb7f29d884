"""Whether explanations are true of the version: are the words that they name what it went by?

The predicted label's probability must fall more when the words that count most are taken out than
when as many others are (DeYoung et al., *ERASER*, 2020: comprehensiveness, beside chance).
"""

import math
from collections.abc import Callable, Sequence
from random import Random
from typing import Any

import numpy as np

from controller.evaluation.predictors import Explains, Tell
from controller.evaluation.scored_rows import FloatArray
from controller.evaluation.studies.estimates import change_of_means
from controller.evaluation.studies.explain.attributing import Explanation
from controller.evaluation.studies.explain.words import Word, without
from registry.records import Estimate

REMOVED = 0.2
"""Share of a text's words that is taken out, at least one."""
DRAWS = 3
"""Random removals of each text, whose mean stands beside the one removal."""
METHODS: dict[str, Callable[[Word], float]] = {
    "integrated_gradients": lambda word: word.gradients,
    "occlusion": lambda word: word.occlusion,
}
"""Method → what a word counts by it."""


def faithfulness(
    predictor: Explains, found: Sequence[Explanation], tell: Tell, *, seed: int
) -> dict[str, tuple[Estimate, dict[str, Any]]]:
    """Method → its gain over chance with a paired interval, and both drops.

    Only texts of two words and more count: of one word there is nothing to choose.
    """
    able = [one for one in found if len(one.words) > 1]
    rng = Random(f"{seed}:faithfulness")  # noqa: S311  (a draw)
    texts: list[str] = []
    for one in able:
        count = math.ceil(REMOVED * len(one.words))
        for weight in METHODS.values():
            chosen = sorted(one.words, key=weight, reverse=True)[:count]
            texts.append(without(one.text, [word.span for word in chosen]))
        for _draw in range(DRAWS):
            chosen = rng.sample(list(one.words), count)
            texts.append(without(one.text, [word.span for word in chosen]))
    columns, each = [one.column for one in able], len(METHODS) + DRAWS
    before = np.array([one.chance for one in able])
    if texts:
        chances = predictor.chances_of(texts, tell).astype(np.float64)
        after = chances.reshape(len(able), each, -1)[np.arange(len(able)), :, columns]
    else:
        after = np.zeros((0, each))
    drops: FloatArray = before[:, None] - after
    chance = drops[:, len(METHODS) :].mean(axis=1)
    return {name: _gain(drops[:, place], chance) for place, name in enumerate(METHODS)}


def _gain(top: FloatArray, chance: FloatArray) -> tuple[Estimate, dict[str, Any]]:
    gain = change_of_means(top, chance, lowest=-1.0)
    told = {
        "drop": round(float(top.mean()), 4) if len(top) else None,
        "random_drop": round(float(chance.mean()), 4) if len(chance) else None,
        "gain": {
            "value": gain.value,
            "low": gain.low,
            "high": gain.high,
            "n": gain.n,
            "method": gain.method,
        },
    }
    return gain, told
