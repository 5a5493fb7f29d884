"""The grammar that support tickets are written from: phrasings with choices and slots.

A phrasing such as ``"[please refund|refund me for] the {product}"`` is expanded by replacing
choices, innermost first, and then slots, until none is left. Numbers are drawn, never listed.
"""

import random
import re
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.resources import files

CHOICE = re.compile(r"\[([^\[\]]*)\]")
SLOT = re.compile(r"\{(\w+)\}")
NUMBERS: Mapping[str, Callable[[random.Random], str]] = {
    "order": lambda rng: str(rng.randint(10_000, 999_999)),
    "amount": lambda rng: (
        f"{rng.choice('$€£')}{rng.randint(5, 400)}.{rng.choice(['00', '99', '50'])}"
    ),
    "count": lambda rng: str(rng.randint(2, 30)),
    "digits": lambda rng: str(rng.randint(1_000, 99_999)),
}


@dataclass(frozen=True)
class Intent:
    """One thing that people write about."""

    name: str
    queue: str
    """The team that answers."""
    phrasings: Sequence[str]
    held_out: Sequence[str]
    """Phrasings that training rows never use."""
    is_later: bool
    """Comes only with a second data set."""


@dataclass(frozen=True)
class Grammar:
    """All phrasings, and what surrounds them."""

    intents: Mapping[str, Intent]
    slots: Mapping[str, Sequence[str]]
    openings: Mapping[str, Sequence[str]]
    """Channel → how a ticket there begins."""
    closings: Mapping[str, Sequence[str]]
    details: Sequence[str]
    """Sentences that say nothing about the intent."""

    @property
    def channels(self) -> tuple[str, ...]:
        """Where tickets come from."""
        return tuple(self.openings)

    def about(self, slot: str) -> "Grammar":
        """Return the same grammar for other products: those of the slot ``slot``."""
        return replace(self, slots={**self.slots, "product": self.slots[slot]})

    def expand(self, phrasing: str, rng: random.Random) -> str:
        """Draw one text from ``phrasing``."""
        while choice := CHOICE.search(phrasing):
            drawn = rng.choice(choice[1].split("|"))
            phrasing = phrasing[: choice.start()] + drawn + phrasing[choice.end() :]
        return SLOT.sub(lambda slot: self._fill(slot[1], rng), phrasing)

    def _fill(self, slot: str, rng: random.Random) -> str:
        if slot in NUMBERS:
            return NUMBERS[slot](rng)
        return rng.choice(self.slots[slot])


def load_grammar() -> Grammar:
    """Read the grammar that comes with this package."""
    text = files("controller.scaffold").joinpath("templates/tickets.toml").read_text("utf-8")
    data = tomllib.loads(text)
    intents = {
        name: Intent(
            name=name,
            queue=intent["queue"],
            phrasings=intent["phrasings"],
            held_out=intent["held_out"],
            is_later=intent.get("later", False),
        )
        for name, intent in data["intents"].items()
    }
    return Grammar(
        intents=intents,
        slots=data["slots"],
        openings=data["openings"],
        closings=data["closings"],
        details=data["details"]["any"],
    )
