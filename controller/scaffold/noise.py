"""What keyboards, telephones and haste do to a text."""

import random
import re
from collections.abc import Callable, Sequence

NEIGHBOURS = {
    "a": "sq", "b": "vn", "c": "xv", "d": "sf", "e": "wr", "f": "dg", "g": "fh", "h": "gj",
    "i": "uo", "j": "hk", "k": "jl", "l": "k", "m": "n", "n": "bm", "o": "ip", "p": "o",
    "q": "w", "r": "et", "s": "ad", "t": "ry", "u": "yi", "v": "cb", "w": "qe", "x": "zc",
    "y": "tu", "z": "x",
}  # fmt: skip
TYPO_RATE = 0.2
SECOND_TYPO_RATE = 0.3
LOWER_CASE_RATE = {"chat": 0.7, "web": 0.25, "email": 0.05, "phone": 0.1}
SHOUT_RATE = 0.02
NO_PUNCTUATION_RATE = 0.2
PUNCTUATION = re.compile(r"[.,!:;](?!\d)")
"""Not the point inside an amount."""


def add_noise(text: str, channel: str, rng: random.Random) -> str:
    """Make ``text`` look as if a person had typed it on ``channel``."""
    if rng.random() < TYPO_RATE:
        text = misspell(text, rng)
        if rng.random() < SECOND_TYPO_RATE:
            text = misspell(text, rng)
    if rng.random() < LOWER_CASE_RATE[channel]:
        text = text.lower()
    elif rng.random() < SHOUT_RATE:
        text = text.upper()
    if rng.random() < NO_PUNCTUATION_RATE:
        text = PUNCTUATION.sub("", text)
    return text


def misspell(text: str, rng: random.Random) -> str:
    """Make one typing error inside one word; a text without a long word stays as it is."""
    places = [at for at in range(1, len(text) - 1) if text[at - 1 : at + 2].isalpha()]
    if not places:
        return text
    return rng.choice(MISTAKES)(text, rng.choice(places), rng)


def _swap(text: str, at: int, _rng: random.Random) -> str:
    return text[:at] + text[at + 1] + text[at] + text[at + 2 :]


def _drop(text: str, at: int, _rng: random.Random) -> str:
    return text[:at] + text[at + 1 :]


def _double(text: str, at: int, _rng: random.Random) -> str:
    return text[:at] + text[at] + text[at:]


def _hit_neighbour(text: str, at: int, rng: random.Random) -> str:
    wrong = rng.choice(NEIGHBOURS.get(text[at].lower(), text[at]))
    return text[:at] + wrong + text[at + 1 :]


MISTAKES: Sequence[Callable[[str, int, random.Random], str]] = (
    _swap,
    _drop,
    _double,
    _hit_neighbour,
)
