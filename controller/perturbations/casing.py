"""Casing: all lower, all upper, Each Word, or a shift key held too long."""

import re
from random import Random

_WORD = re.compile(r"\w+")


def perturb(text: str, rng: Random) -> str:
    """Write ``text`` in another case; one that has only one case comes back as it is."""
    ways = [text.lower(), text.upper(), _each_word(text), _held_shift(text, rng)]
    other = [way for way in ways if way != text]
    return rng.choice(other) if other else text


def _each_word(text: str) -> str:
    return _WORD.sub(lambda word: word[0][0].upper() + word[0][1:], text)


def _held_shift(text: str, rng: Random) -> str:
    words = list(_WORD.finditer(text))
    if not words:
        return text
    word = rng.choice(words)
    return text[: word.start()] + word[0].upper() + text[word.end() :]
