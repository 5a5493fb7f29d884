"""Contractions: ``I'm`` for ``I am`` and back, and the apostrophe that people leave out. English.

Where a contraction can be read in two ways (``he's``: is or has; ``I'd``: would or had) only the
reading that is far more frequent is written out, and only before a word that allows no other.
"""

import re
from random import Random

PAIRS = (
    ("i am", "i'm"),
    ("you are", "you're"),
    ("we are", "we're"),
    ("they are", "they're"),
    ("it is", "it's"),
    ("that is", "that's"),
    ("what is", "what's"),
    ("where is", "where's"),
    ("how is", "how's"),
    ("who is", "who's"),
    ("there is", "there's"),
    ("i have", "i've"),
    ("you have", "you've"),
    ("we have", "we've"),
    ("they have", "they've"),
    ("i will", "i'll"),
    ("you will", "you'll"),
    ("we will", "we'll"),
    ("they will", "they'll"),
    ("it will", "it'll"),
    ("i would", "i'd"),
    ("do not", "don't"),
    ("does not", "doesn't"),
    ("did not", "didn't"),
    ("is not", "isn't"),
    ("are not", "aren't"),
    ("was not", "wasn't"),
    ("were not", "weren't"),
    ("has not", "hasn't"),
    ("have not", "haven't"),
    ("had not", "hadn't"),
    ("can not", "can't"),
    ("cannot", "can't"),
    ("could not", "couldn't"),
    ("would not", "wouldn't"),
    ("should not", "shouldn't"),
    ("will not", "won't"),
)
"""Written out, and contracted, in lower case."""
AMBIGUOUS = frozenset({"it's", "that's", "what's", "where's", "how's", "who's", "there's", "i'd"})
"""Not written out: ``it's`` before a participle is ``it has``."""
_SHORT: dict[str, str] = dict(PAIRS)
_LONG: dict[str, str] = {}
for _long, _short in PAIRS:
    _LONG.setdefault(_short, _long)


def _pattern(words: list[str]) -> "re.Pattern[str]":
    either = "|".join(sorted(map(re.escape, words), key=len, reverse=True))
    return re.compile(rf"\b(?:{either})\b", re.IGNORECASE)


_FULL = _pattern([words.replace(" ", " ") for words in _SHORT])
_CONTRACTED = _pattern(list(_LONG))
_CLEAR = _pattern([short for short in _LONG if short not in AMBIGUOUS])


def perturb(text: str, rng: Random) -> str:
    """Contract, write out, or drop the apostrophe, everywhere; most texts have none of it."""
    plain = text.replace("\u2019", "'")
    ways = [
        _FULL.sub(lambda found: _cased(_SHORT[found[0].lower()], found[0]), plain),
        _CLEAR.sub(lambda found: _cased(_LONG[found[0].lower()], found[0]), plain),
        _CONTRACTED.sub(lambda found: found[0].replace("'", ""), plain),
    ]
    other = [way for way in ways if way != plain]
    return rng.choice(other) if other else text


def _cased(words: str, like: str) -> str:
    if like.isupper() and len(like) > 1 and like != "I":
        return words.upper()
    return words[0].upper() + words[1:] if like[0].isupper() else words
