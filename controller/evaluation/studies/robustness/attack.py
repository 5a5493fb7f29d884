"""A search-based attack: the smallest careless-looking change that makes a right answer wrong.

Greedy, as in TextBugger (Li et al., NDSS 2019) and DeepWordBug (Gao et al., 2018): a text's words
are ranked by what the version loses without them, then the most important ones are miswritten,
keeping of each the miswriting that hurts most. All rows advance together, so that the version is
asked in large batches. What it finds is an upper bound of the accuracy under attack: a longer
search could only break more.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

import numpy as np

from controller.evaluation.predictors import JudgedRow
from controller.evaluation.studies.base import Bench
from controller.evaluation.studies.estimates import rate_of
from controller.evaluation.studies.showing import answer_of, right_answer_of, shortened
from controller.perturbations.lookalikes import LOOKALIKES
from controller.perturbations.typos import NEIGHBOURS
from registry.records import Estimate
from specs.robustness import Attack

MAX_EXAMPLES = 10
SHARE_FOR_RANKING = 0.5
"""Of a row's budget: at most so much is spent on finding out which words matter."""
_LETTERS = re.compile(r"\w")


@dataclass
class _Target:
    """One row under attack. Changed as the search goes on."""

    place: int
    before: JudgedRow
    parts: list[str]
    """Words and what stands between them: joined, they are the text."""
    order: list[int] = field(default_factory=list)
    """Places of words in ``parts`` that are not yet tried, the least important first."""
    loss: float = 0.0
    asked: int = 0
    changed: int = 0
    broken_by: JudgedRow | None = None

    @property
    def text(self) -> str:
        return "".join(self.parts)

    def with_word(self, index: int, word: str) -> str:
        return "".join((*self.parts[:index], word, *self.parts[index + 1 :]))


def attack(bench: Bench, wanted: Attack) -> tuple[Estimate, dict[str, Any]]:
    """Attack a seeded sample of the counted test rows; accuracy under attack, and the report."""
    rng = Random(f"{bench.seed}:attack")  # noqa: S311  (a draw)
    places = bench.counted
    drawn = sorted(rng.sample(places, min(wanted.rows, len(places))))
    targets = [_target(bench, place) for place in drawn if bench.judged[place]["correct"]]
    _rank(bench, wanted, targets)
    live = [target for target in targets if target.order]
    while live:
        live = _advance(bench, wanted, live, rng)
    held = {target.place for target in targets if target.broken_by is None}
    hits = np.array([place in held for place in drawn], dtype=np.float64)
    return rate_of(hits), _report(bench, targets, rows=len(drawn))


def _target(bench: Bench, place: int) -> _Target:
    judged = bench.judged[place]
    text = bench.predictor.question_of(bench.rows[place])
    return _Target(place, judged, re.split(r"(\s+)", text), loss=judged["loss"])


def _ask(bench: Bench, asked: Sequence[tuple[_Target, str]]) -> list[JudgedRow]:
    """Ask the version about texts that stand for targets, and count the questions."""
    rows = [bench.predictor.rewritten(bench.rows[target.place], text) for target, text in asked]
    for target, _text in asked:
        target.asked += 1
    return bench.predictor.judge(rows, bench.tell("attacking")) if rows else []


def _rank(bench: Bench, wanted: Attack, targets: Sequence[_Target]) -> None:
    """Order each target's words by the loss without them; a deletion is no attack by itself."""
    asked, words = [], []
    for target in targets:
        found = [index for index, part in enumerate(target.parts) if _LETTERS.search(part)]
        most = max(1, int(wanted.queries * SHARE_FOR_RANKING))
        # The longest words first: where not all can be ranked, these say most.
        found = sorted(found, key=lambda index: -len(target.parts[index]))[:most]
        for index in found:
            asked.append((target, target.with_word(index, "")))
            words.append((target, index))
    losses: dict[int, list[tuple[float, int]]] = {}
    for (target, index), judged in zip(words, _ask(bench, asked), strict=True):
        losses.setdefault(target.place, []).append((judged["loss"], index))
    for target in targets:
        ranked = sorted(losses.get(target.place, []))
        count = sum(1 for part in target.parts if _LETTERS.search(part))
        most = max(1, int(count * wanted.changed_words))
        target.order = [index for _loss, index in ranked][-most:]


def _advance(bench: Bench, wanted: Attack, live: Sequence[_Target], rng: Random) -> list[_Target]:
    """Miswrite the next word of every target; return those that still hold and may go on."""
    asked, tried = [], []
    for target in live:
        index = target.order.pop()
        for word in _miswritten(target.parts[index], rng, at_most=wanted.queries - target.asked):
            asked.append((target, target.with_word(index, word)))
            tried.append((target, index, word))
    best: dict[int, tuple[float, int, str, JudgedRow]] = {}
    for (target, index, word), judged in zip(tried, _ask(bench, asked), strict=True):
        # A wrong answer beats any loss: with many labels the right one can lose at a low loss.
        hurt = judged["loss"] + (0 if judged["correct"] else 1e6)
        if target.place not in best or hurt > best[target.place][0]:
            best[target.place] = (hurt, index, word, judged)
    for target in live:
        if target.place in best:
            _adopt(target, *best[target.place][1:])
    return [
        target
        for target in live
        if target.broken_by is None and target.order and target.asked < wanted.queries
    ]


def _adopt(target: _Target, index: int, word: str, judged: JudgedRow) -> None:
    if judged["correct"] and judged["loss"] <= target.loss:
        return
    target.parts[index] = word
    target.changed += 1
    target.loss = judged["loss"]
    if not judged["correct"]:
        target.broken_by = judged


def _miswritten(word: str, rng: Random, *, at_most: int) -> list[str]:
    """Other ways of writing a word that a reader takes for the same; at most so many."""
    ways = dict.fromkeys(way for way in _ways(word, rng) if way != word)
    return list(ways)[:at_most]


def _ways(word: str, rng: Random) -> Iterator[str]:
    letters = [index for index, letter in enumerate(word) if letter in LOOKALIKES]
    if letters:
        yield "".join(LOOKALIKES[one][0] if one in LOOKALIKES else one for one in word)
        at = rng.choice(letters)
        yield word[:at] + LOOKALIKES[word[at]][0] + word[at + 1 :]
    inner = range(1, len(word) - 1)
    if len(inner) > 1:
        at = rng.choice(inner[:-1])
        yield word[:at] + word[at + 1] + word[at] + word[at + 2 :]
    if inner:
        at = rng.choice(inner)
        yield word[:at] + word[at + 1 :]
        yield f"{word[:at]} {word[at:]}"
    keys = [index for index, letter in enumerate(word) if letter.lower() in NEIGHBOURS]
    if keys:
        at = rng.choice(keys)
        yield word[:at] + rng.choice(NEIGHBOURS[word[at].lower()]) + word[at + 1 :]


def _report(bench: Bench, targets: Sequence[_Target], *, rows: int) -> dict[str, Any]:
    broken = [target for target in targets if target.broken_by is not None]
    return {
        "rows": rows,
        "right_before": len(targets),
        "broken": len(broken),
        "queries": sum(target.asked for target in targets),
        "queries_per_broken_row": (
            round(float(np.mean([target.asked for target in broken])), 1) if broken else None
        ),
        "changed_words_per_broken_row": (
            round(float(np.mean([target.changed for target in broken])), 1) if broken else None
        ),
        "examples": [_example(bench, target) for target in broken[:MAX_EXAMPLES]],
    }


def _example(bench: Bench, target: _Target) -> dict[str, Any]:
    row = bench.rows[target.place]
    assert target.broken_by is not None
    return {
        "row": row["row"],
        "before": shortened(bench.predictor.question_of(row)),
        "after": shortened(target.text),
        "label": right_answer_of(row),
        "predicted": answer_of(target.before),
        "predicted_after": answer_of(target.broken_by),
    }
