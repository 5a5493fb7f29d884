"""A version made of words, and benches for studies of it."""

import math
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from controller.evaluation.predictors import judged
from controller.evaluation.recall import Recall
from controller.evaluation.studies.base import Bench
from specs.evaluation import Evaluation

WORDS = {
    "another": (),
    "card": ("card", "cards"),
    "refund": ("refund", "money"),
    "man": ("he", "brother"),
}


class WordPredictor:
    """Answers the label with most of its words in a text: case and spelling matter to it."""

    def __init__(self, words=None):
        self.words = words or WORDS
        self._recall = Recall(lambda texts, _tell: [self._chances(text) for text in texts])

    labels = property(lambda self: sorted(self.words))
    asked = property(lambda self: self._recall.asked)

    def _chances(self, text):
        found = Counter(text.replace("?", " ").replace(".", " ").split())
        logits = np.array([3.0 * sum(found[w] for w in self.words[name]) for name in self.labels])
        return np.exp(logits) / np.exp(logits).sum()

    def text_of(self, row):
        return row["text"]

    question_of = text_of

    def rewritten(self, row, question):
        return {**row, "text": question}

    def chances_of(self, texts, tell):
        known = self._recall.answers({text: text for text in texts}, tell)
        return np.stack([known[text] for text in texts])

    def judge(self, rows, tell):
        chances = self.chances_of([row["text"] for row in rows], tell)
        return [self._judged(row, found) for row, found in zip(rows, chances, strict=True)]

    def _judged(self, row, chances):
        predicted = self.labels[int(chances.argmax())]
        right = float(chances[self.labels.index(row["label"])])
        return judged(row, row["text"]) | {
            "label": row["label"],
            "predicted": predicted,
            "score": float(chances.max()),
            "correct": predicted == row["label"],
            "loss": -math.log(right),
        }


def quiet(_step, _steps):
    pass


@pytest.fixture
def make_bench():
    """A maker of benches: ``make_bench(rows, evaluation)``, rows as (text, label, slices)."""

    def make(rows, evaluation, *, excluded=(), own_files=None, predictor=None):
        predictor = predictor or WordPredictor()
        prepared = [
            {"row": number, "text": text, "label": label, "slices": slices}
            for number, (text, label, slices) in enumerate(rows, start=1)
        ]
        found = predictor.judge(prepared, quiet)
        for number in excluded:
            found[number - 1]["excluded"] = "near_leak"
        return Bench(
            evaluation=Evaluation.model_validate(evaluation),
            predictor=predictor,
            rows=prepared,
            judged=found,
            training_rows=list,
            seed=17,
            version=Path(),
            base=Path(),
            own_files=own_files or {},
            tell=lambda _phase: quiet,
        )

    return make
