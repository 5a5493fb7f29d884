"""Scored rows for tests: a classifier that is right a given share of the time."""

from dataclasses import replace

import numpy as np

from controller.evaluation.scored_rows import ScoredRows


def drawn_rows(n: int, *, labels: int, accuracy: float, seed: int) -> ScoredRows:
    """Draw ``n`` rows; the same ``n`` and number of labels have the same right answers."""
    right = np.random.default_rng(n * 1000 + labels).integers(0, labels, n)
    random = np.random.default_rng(seed)
    is_right = random.random(n) < accuracy
    other = (right + random.integers(1, labels, n)) % labels
    predicted = np.where(is_right, right, other)
    score = np.clip(random.beta(8, 1, n), 0.2, 1)
    return ScoredRows(
        keys=tuple(f"{index}:k" for index in range(n)),
        scores={
            "correct": is_right.astype(float),
            "score": score,
            "loss": np.where(is_right, -np.log(score), 3.0),
            "token_f1": np.where(is_right, 1.0, 0.5),
            "rouge_l": np.where(is_right, 1.0, 0.4),
            "chrf": np.where(is_right, 1.0, 0.3),
            "judge_score": np.where(is_right, 0.9, 0.2),
        },
        slices={},
        excluded=np.zeros(n, dtype=bool),
        names=tuple(f"label {index}" for index in range(labels)),
        labels=right,
        predicted=predicted,
    )


def ranked_rows(n: int, *, labels: int, skill: float, seed: int) -> ScoredRows:
    """Draw ``n`` rows with a probability of each label; more ``skill`` ranks them better.

    The same ``n`` and number of labels have the same right answers.
    """
    rows = drawn_rows(n, labels=labels, accuracy=0.8, seed=seed)
    logits = np.random.default_rng(seed).normal(size=(n, labels))
    logits[np.arange(n), rows.labels] += skill
    chances = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    return replace(rows, known=rows.names, chances=np.log(chances).astype(np.float32))


def answered_rows(scores, correct) -> ScoredRows:
    """Rows of which only the confidence, and whether it was right, matter."""
    rows = drawn_rows(len(scores), labels=3, accuracy=1, seed=1)
    return replace(rows, scores={"score": np.array(scores), "correct": np.array(correct, float)})


def calibrated_rows(n: int, seed: int, *, boldness: float = 1.0) -> ScoredRows:
    """Rows that are right as often as they say; with ``boldness`` above 1 they say too much."""
    random = np.random.default_rng(seed)
    chances = random.beta(5, 1.5, n)
    correct = random.random(n) < chances
    odds = (chances / (1 - chances)) ** boldness
    return answered_rows(np.clip(odds / (1 + odds), 0.01, 0.999), correct)
