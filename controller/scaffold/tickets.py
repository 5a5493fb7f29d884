"""Support tickets: a data set that is realistic enough to be worth a model, made from a seed.

The rows carry what real ones do: typing errors, tickets sent twice, a few wrong labels, and a test
set with phrasings that training never saw. The same seed gives the same rows.
"""

import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from controller.scaffold.grammar import Grammar, Intent
from controller.scaffold.noise import add_noise

TRAIN_ROWS = 1500
TEST_ROWS = 400
MISLABELLED_SHARE = 0.02
TEST_MISLABELLED_SHARE = 0.01
"""Smaller: test rows are looked at twice, but not by everybody."""
DUPLICATE_SHARE = 0.02
LEAKED_ROWS = 4
"""Test rows that stand in the training rows as well: the data checks have something to find."""
HELD_OUT_SHARE = 0.1
"""Share of the test rows with a phrasing that no training row uses."""
OPENING_SHARE, DETAIL_SHARE, CLOSING_SHARE = 0.5, 0.5, 0.35
DETAIL_FIRST_SHARE = 0.3


@dataclass(frozen=True)
class Ticket:
    """One row."""

    text: str
    category: str
    channel: str


@dataclass(frozen=True)
class Dataset:
    """Rows to train on, and rows to be measured on."""

    train: tuple[Ticket, ...]
    test: tuple[Ticket, ...]

    def __add__(self, other: "Dataset") -> "Dataset":
        """Append the rows of ``other``."""
        return Dataset(self.train + other.train, self.test + other.test)


def first_dataset(grammar: Grammar, *, seed: int = 17) -> Dataset:
    """Make the data set of a new repository: eight intents, evenly spread."""
    intents = [intent for intent in grammar.intents.values() if not intent.is_later]
    return _dataset(grammar, intents, train=TRAIN_ROWS, test=TEST_ROWS, seed=seed)


def later_rows(grammar: Grammar, *, train: int = 180, test: int = 50, seed: int = 18) -> Dataset:
    """Make the rows that a second data set adds: an intent that was not there before."""
    intents = [intent for intent in grammar.intents.values() if intent.is_later]
    return _dataset(grammar, intents, train=train, test=test, seed=seed)


def traffic(
    grammar: Grammar, count: int, *, seed: int, mix: Mapping[str, float] | None = None
) -> list[Ticket]:
    """Make tickets as the gateway meets them. ``mix`` maps intents to weights; None: evenly."""
    rng = _seeded(seed)
    weights = mix or {i.name: 1.0 for i in grammar.intents.values() if not i.is_later}
    drawn = rng.choices(list(weights), weights=list(weights.values()), k=count)
    intents = [grammar.intents[name] for name in drawn]
    # As often new phrasings as among test rows: usual traffic is like what versions are judged on.
    return [_write(grammar, intent, _test_phrasing(intent, rng), rng) for intent in intents]


def _dataset(
    grammar: Grammar, intents: Sequence[Intent], *, train: int, test: int, seed: int
) -> Dataset:
    rng = _seeded(seed)
    training = [
        _write(grammar, intent, rng.choice(intent.phrasings), rng)
        for intent in _evenly(intents, train, rng)
    ]
    held_out = [
        _write(grammar, intent, _test_phrasing(intent, rng), rng)
        for intent in _evenly(intents, test, rng)
    ]
    names = sorted(grammar.intents) if len(intents) == 1 else [intent.name for intent in intents]
    training = _send_some_twice(_mislabel(training, names, rng, share=MISLABELLED_SHARE), rng)
    held_out = _mislabel(held_out, names, rng, share=TEST_MISLABELLED_SHARE)
    held_out[:LEAKED_ROWS] = rng.sample(training, LEAKED_ROWS)
    rng.shuffle(held_out)
    return Dataset(tuple(training), tuple(held_out))


def _write(grammar: Grammar, intent: Intent, phrasing: str, rng: random.Random) -> Ticket:
    channel = rng.choice(grammar.channels)
    before, after = grammar.openings[channel], grammar.closings[channel]
    parts = [
        rng.choice(before) if rng.random() < OPENING_SHARE else "",
        *_in_some_order(phrasing, _detail(grammar, rng), rng),
        rng.choice(after) if rng.random() < CLOSING_SHARE else "",
    ]
    text = " ".join(_sentence(grammar.expand(part, rng)) for part in parts if part)
    return Ticket(add_noise(text, channel, rng), intent.name, channel)


def _detail(grammar: Grammar, rng: random.Random) -> str:
    return rng.choice(grammar.details) if rng.random() < DETAIL_SHARE else ""


def _in_some_order(phrasing: str, detail: str, rng: random.Random) -> tuple[str, str]:
    return (detail, phrasing) if rng.random() < DETAIL_FIRST_SHARE else (phrasing, detail)


def _sentence(text: str) -> str:
    text = text.strip()
    ended = text if text.endswith((".", "?", "!", ",", ":")) else text + "."
    return ended[:1].upper() + ended[1:]


def _test_phrasing(intent: Intent, rng: random.Random) -> str:
    return rng.choice(intent.held_out if rng.random() < HELD_OUT_SHARE else intent.phrasings)


def _evenly(intents: Sequence[Intent], count: int, rng: random.Random) -> list[Intent]:
    spread = [intents[at % len(intents)] for at in range(count)]
    rng.shuffle(spread)
    return spread


def _mislabel(
    tickets: Iterable[Ticket], categories: Sequence[str], rng: random.Random, *, share: float
) -> list[Ticket]:
    def judge(ticket: Ticket) -> Ticket:
        if rng.random() >= share:
            return ticket
        wrong = [name for name in categories if name != ticket.category]
        return replace(ticket, category=rng.choice(wrong))

    return [judge(ticket) for ticket in tickets]


def _send_some_twice(tickets: list[Ticket], rng: random.Random) -> list[Ticket]:
    """Replace rows at the end by copies of others, so that the number of rows stays."""
    copies = round(len(tickets) * DUPLICATE_SHARE)
    kept = tickets[: len(tickets) - copies]
    mixed = kept + rng.sample(kept, copies)
    rng.shuffle(mixed)
    return mixed


def _seeded(seed: int) -> random.Random:
    return random.Random(seed)  # noqa: S311  (rows to train on, not secrets)
