"""``reference.json``, for the monitors: the traffic a version was judged on. Pure."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from controller.evaluation.predictors import JudgedRow
from specs.names import label_set

MAX_TERMS = 50_000
MAX_ROWS = 20_000
_WORD = re.compile(r"\w+")


def reference_of(
    training_texts: Iterable[str], judged: Sequence[JudgedRow], texts: Sequence[str]
) -> dict[str, Any]:
    """Build the reference window from held-out rows, with the labels that the version predicts.

    Args:
        training_texts: What the version was trained on; gives the words that it knows.
        judged: Held-out rows (validation and test), judged.
        texts: Their texts.
    """
    words = Counter(word for text in training_texts for word in _WORD.findall(text.lower()))
    # Ties in file order would make the same data give another file.
    frequent = sorted(words.items(), key=lambda item: (-item[1], item[0]))[:MAX_TERMS]
    rows = [
        {
            "text": text,
            "label": _label_of(row),
            "score": row.get("score"),
            "slices": row["slices"],
        }
        for row, text in zip(judged, texts, strict=True)
    ]
    return {
        "format": 1,
        "vocabulary": [word for word, _ in frequent],
        "rows": _thinned(rows),
    }


def _label_of(row: JudgedRow) -> str | None:
    """What captured traffic says for the same answer: a label, a set in words, or nothing."""
    predicted = row.get("predicted")
    return label_set(predicted) if isinstance(predicted, list) else predicted


def _thinned(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Keep every k-th row when there are too many: the whole range, not its beginning."""
    if len(rows) <= MAX_ROWS:
        return rows
    return [rows[index * len(rows) // MAX_ROWS] for index in range(MAX_ROWS)]
