"""Predict held-out rows with a classification version."""

import math
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from controller.evaluation.predictors import (
    Explained,
    JudgedRow,
    PreparedRow,
    Tell,
    Token,
    Tokens,
    judged,
)
from controller.evaluation.recall import Recall
from registry.serving.classifier import Classifier, load_classifier

CHUNK_TEXTS = 256
"""Texts between two reports of progress."""
CHUNK_EXPLAINED = 20
Load = Callable[[Path, Path], Classifier]
Seen = tuple[int, ...]
"""What the version sees of a text. An uncased one sees the same in any casing: one answer."""
LEAST_PROBABILITY = 1e-9
"""Keeps the loss of a label that the version gives no chance, or does not know, finite."""


class ClassificationPredictor:
    """A classification version at work on held-out rows."""

    def __init__(
        self, version_folder: Path, base_folder: Path, *, load: Load = load_classifier
    ) -> None:
        """Load the version over its base; ``load_start`` loads the base as it is."""
        self._classifier: Classifier = load(version_folder, base_folder)
        self._column = {label: index for index, label in enumerate(self._classifier.labels)}
        self._recall: Recall[Seen, Seen, NDArray[np.float32]] = Recall(self._predict)

    def text_of(self, row: PreparedRow) -> str:
        """Return the text."""
        text: str = row["text"]
        return text

    def question_of(self, row: PreparedRow) -> str:
        """Return the text."""
        return self.text_of(row)

    def rewritten(self, row: PreparedRow, question: str) -> PreparedRow:
        """The row with another text."""
        return {**row, "text": question}

    @property
    def asked(self) -> int:
        """How many texts that differ to it the version has predicted."""
        return self._recall.asked

    @property
    def labels(self) -> list[str]:
        """Labels in the order of the probabilities' columns."""
        return self._classifier.labels

    def chances_of(self, texts: Sequence[str], tell: Tell) -> NDArray[np.float32]:
        """Probability of each label for each text, [texts, labels]."""
        return self.chances_of_ids(self._classifier.ids(texts), tell)

    def chances_of_ids(self, rows: Sequence[Sequence[int]], tell: Tell) -> NDArray[np.float32]:
        """Probability of each label for texts as their token ids, [rows, labels]."""
        seen = [tuple(ids) for ids in rows]
        known = self._recall.answers({ids: ids for ids in seen}, tell)
        if not seen:
            return np.zeros((0, len(self._column)), dtype=np.float32)
        return np.stack([known[ids] for ids in seen])

    @property
    def blank(self) -> tuple[int, str]:
        """Id and name of the token that stands for no word."""
        return self._classifier.blank

    def tokens_of(self, texts: Sequence[str]) -> list[Tokens]:
        """The tokens of each text that the version sees."""
        return [
            tuple(
                Token(number, *span, is_special=special)
                for number, span, special in zip(
                    placed.ids, placed.spans, placed.is_special, strict=True
                )
            )
            for placed in self._classifier.placed(texts)
        ]

    def gradients_of(
        self, texts: Sequence[str], columns: Sequence[int], tell: Tell
    ) -> list[Explained]:
        """What each token gives the log odds of a label, by integrated gradients."""
        placed = self._classifier.placed(texts)
        order = sorted(range(len(texts)), key=lambda index: -len(placed[index].ids))
        found: dict[int, Explained] = {}
        for start in range(0, len(order), CHUNK_EXPLAINED):
            tell(start, len(order))
            chunk = order[start : start + CHUNK_EXPLAINED]
            told = self._classifier.attribute(
                [placed[index] for index in chunk], [columns[index] for index in chunk]
            )
            for index, one in zip(chunk, told, strict=True):
                found[index] = Explained(one.values, gap=one.gap, delta=one.delta)
        tell(len(order), len(order))
        return [found[index] for index in range(len(texts))]

    def judge(self, rows: Sequence[PreparedRow], tell: Tell) -> list[JudgedRow]:
        """Predict every row and hold it against its label."""
        chances = self.chances_of([row["text"] for row in rows], tell)
        return [self._judged(row, found) for row, found in zip(rows, chances, strict=True)]

    def _predict(self, seen: Sequence[Seen], tell: Tell) -> NDArray[np.float32]:
        """Predict texts in order of length, so that a batch wastes no time on padding."""
        order = sorted(range(len(seen)), key=lambda index: len(seen[index]), reverse=True)
        found = np.zeros((len(seen), len(self._column)), dtype=np.float32)
        for start in range(0, len(order), CHUNK_TEXTS):
            tell(start, len(order))
            chunk = order[start : start + CHUNK_TEXTS]
            predicted = self._classifier.predict_ids([list(seen[index]) for index in chunk])
            found[chunk] = predicted.probabilities
        tell(len(order), len(order))
        return found

    def _judged(self, row: PreparedRow, probabilities: NDArray[np.float32]) -> JudgedRow:
        if self._classifier.is_multi_label:
            return self._judged_set(row, probabilities)
        best = int(probabilities.argmax())
        predicted = self._classifier.labels[best]
        column = self._column.get(row["label"])
        chance = 0.0 if column is None else float(probabilities[column])
        return judged(row, row["text"]) | {
            "label": row["label"],
            "predicted": predicted,
            "score": round(float(probabilities[best]), 6),
            "correct": predicted == row["label"],
            "loss": round(-math.log(max(chance, LEAST_PROBABILITY)), 6),
        }

    def _judged_set(self, row: PreparedRow, probabilities: NDArray[np.float32]) -> JudgedRow:
        """Hold the set that is answered against the row's; loss is the mean over its decisions.

        A label that the version does not know is one decision more, and a wrong one.
        """
        names, threshold = self._classifier.labels, self._classifier.manifest.threshold
        right, unknown = set(row["labels"]), len(set(row["labels"]) - set(names))
        answered = [name for name, p in zip(names, probabilities, strict=True) if p >= threshold]
        chances = [
            float(chance if name in right else 1 - chance)
            for name, chance in zip(names, probabilities, strict=True)
        ]
        losses = [-math.log(max(chance, LEAST_PROBABILITY)) for chance in chances]
        losses += [-math.log(LEAST_PROBABILITY)] * unknown
        certain = float(
            np.where(probabilities >= threshold, probabilities, 1 - probabilities).min()
        )
        return judged(row, row["text"]) | {
            "labels": sorted(right),
            "predicted": sorted(answered),
            "score": round(certain, 6),
            "correct": right == set(answered),
            "loss": round(math.fsum(losses) / len(losses), 6),
        }
