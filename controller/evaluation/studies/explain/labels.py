"""What labels go by: their top words, and those that go by what should decide nothing. Pure."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from controller.evaluation.studies.explain.attributing import Explanation
from controller.evaluation.studies.explain.words import kind_of, plain_words, shares
from controller.evaluation.studies.showing import shortened

TOP_WORDS = 8
LEAST_ROWS = 3
"""Explained rows that a label needs before anything is said against it."""
CARRIES = 0.5
"""Share of what speaks for a label, from which it is decided by that."""
MOST_ROWS = 0.8
"""Share of a label's explained rows that one phrase must carry."""
NEARLY_ALL = 0.9
"""Share of a label's training rows that hold the phrase of a template."""
LONGEST_PHRASE = 5
MAX_EXAMPLES = 3
Phrase = tuple[str, ...]


def top_words(found: Sequence[Explanation]) -> list[dict[str, Any]]:
    """The words that gave a label most over its explained rows: mean share, and rows with it."""
    given: dict[str, float] = {}
    rows: dict[str, int] = {}
    for one in found:
        for word, share in zip(one.words, shares(one.words), strict=True):
            given[word.plain] = given.get(word.plain, 0.0) + share / len(found)
        for plain in {word.plain for word in one.words}:
            rows[plain] = rows.get(plain, 0) + 1
    best = sorted(given, key=lambda word: (-given[word], word))[:TOP_WORDS]
    return [
        {"word": word, "share": round(given[word], 4), "rows": rows[word]}
        for word in best
        if given[word] > 0
    ]


def suspicions(
    label: str, found: Sequence[Explanation], training: Sequence[str]
) -> list[dict[str, Any]]:
    """What speaks against a label: each with its kind, its shares, and examples.

    ``training`` are the texts of its training rows.
    """
    if len(found) < LEAST_ROWS:
        return []
    told = [*_empty_words(found), *_template(found, training)]
    return [{"label": label, "rows": len(found)} | one for one in told]


def _support(one: Explanation) -> list[float]:
    """Each word's part of what speaks for the answer."""
    given = [max(0.0, word.gradients) for word in one.words]
    whole = sum(given)
    return [value / whole if whole else 0.0 for value in given]


def _empty_words(found: Sequence[Explanation]) -> Iterable[dict[str, Any]]:
    """Numbers, ids and punctuation that carry the label together."""
    by_kind: dict[str, float] = {}
    words: dict[str, float] = {}
    for one in found:
        for word, share in zip(one.words, _support(one), strict=True):
            kind = kind_of(word.text)
            if kind is not None:
                by_kind[kind] = by_kind.get(kind, 0.0) + share / len(found)
                words[word.plain] = words.get(word.plain, 0.0) + share
    share = sum(by_kind.values())
    if share < CARRIES:
        return
    yield {
        "kind": max(by_kind, key=by_kind.__getitem__),
        "share": round(share, 4),
        "words": sorted(words, key=lambda word: -words[word])[:TOP_WORDS],
        "training_share": None,
        "examples": _examples(found),
    }


def _template(found: Sequence[Explanation], training: Sequence[str]) -> Iterable[dict[str, Any]]:
    """The shortest phrase that carries the label and stands in nearly all of its training rows."""
    carried: dict[Phrase, list[float]] = {}
    for one in found:
        for phrase, share in _phrases(one).items():
            if share >= CARRIES:
                carried.setdefault(phrase, []).append(share)
    often = [phrase for phrase, all_ in carried.items() if len(all_) >= MOST_ROWS * len(found)]
    known = [plain_words(text) for text in training]
    for phrase in sorted(often, key=lambda one: (len(one), -float(np.mean(carried[one])))):
        held = sum(_holds(words, phrase) for words in known) / len(known) if known else 0.0
        if held >= NEARLY_ALL:
            yield {
                "kind": "template",
                "share": round(float(np.mean(carried[phrase])), 4),
                "words": [" ".join(phrase)],
                "training_share": round(held, 4),
                "examples": _examples(found),
            }
            return


def _phrases(one: Explanation) -> Mapping[Phrase, float]:
    """Every phrase of up to ``LONGEST_PHRASE`` words, and its part of the support."""
    plain, support = [word.plain for word in one.words], _support(one)
    found: dict[Phrase, float] = {}
    for start in range(len(plain)):
        for end in range(start + 1, min(len(plain), start + LONGEST_PHRASE) + 1):
            phrase = tuple(plain[start:end])
            found[phrase] = max(found.get(phrase, 0.0), sum(support[start:end]))
    return found


def _holds(words: Sequence[str], phrase: Phrase) -> bool:
    size = len(phrase)
    return any(tuple(words[at : at + size]) == phrase for at in range(len(words) - size + 1))


def _examples(found: Collection[Explanation]) -> list[str]:
    return [shortened(one.text) for one in list(found)[:MAX_EXAMPLES]]
