"""Ask a version which words of a text its answer comes from, in two independent ways."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from controller.evaluation.predictors import Explained, Explains, Tell, Tokens
from controller.evaluation.scored_rows import FloatArray
from controller.evaluation.studies.explain.words import Word, add_up, owners, spans_of


@dataclass(frozen=True)
class Explanation:
    """One answer, and the words that it comes from."""

    text: str
    column: int
    """Of the label: the most probable one."""
    chance: float
    """Its probability."""
    words: Sequence[Word]
    """Only those that the version saw: a longer text is cut."""
    told: Explained


def explain(
    predictor: Explains, texts: Sequence[str], tells: Mapping[str, Tell]
) -> list[Explanation]:
    """Explain the most probable label of each text by integrated gradients and by occlusion."""
    chances = predictor.chances_of(texts, tells["occlusion"])
    columns = [int(found.argmax()) for found in chances]
    told = predictor.gradients_of(texts, columns, tells["gradients"])
    tokens = predictor.tokens_of(texts)
    hidden = occluded(predictor, tokens, columns, tells["occlusion"])
    return [
        Explanation(
            text,
            column,
            float(found[column]),
            _words(text, seen, explained, drops),
            explained,
        )
        for text, column, found, seen, explained, drops in zip(
            texts, columns, chances, tokens, told, hidden, strict=True
        )
    ]


def occluded(
    predictor: Explains, texts: Sequence[Tokens], columns: Sequence[int], tell: Tell
) -> list[FloatArray]:
    """What the label's probability loses with each token blanked, one at a time; as batches."""
    blank, _name = predictor.blank
    asked: list[list[int]] = []
    for tokens in texts:
        ids = [token.number for token in tokens]
        asked.append(ids)
        asked += [
            [*ids[:at], blank, *ids[at + 1 :]]
            for at, token in enumerate(tokens)
            if not token.is_special
        ]
    chances = iter(predictor.chances_of_ids(asked, tell))
    found = []
    for tokens, column in zip(texts, columns, strict=True):
        whole = float(next(chances)[column])
        found.append(
            np.array(
                [
                    0.0 if token.is_special else whole - float(next(chances)[column])
                    for token in tokens
                ]
            )
        )
    return found


def _words(text: str, tokens: Tokens, told: Explained, drops: FloatArray) -> list[Word]:
    spans = spans_of(text)
    owned = owners(tokens, spans)
    gradients = add_up(told.values, owned, len(spans))
    occlusion = add_up(drops, owned, len(spans))
    seen = {word for word in owned if word is not None}
    return [
        Word(text[slice(*span)], span, float(gradients[at]), float(occlusion[at]))
        for at, span in enumerate(spans)
        if at in seen
    ]
