"""Truncation: the last words are missing, as where a field is too short, or sent too early."""

import re
from random import Random

MOST_LOST = 0.3
"""At most this share of the words."""
_WORD = re.compile(r"\S+")


def perturb(text: str, rng: Random) -> str:
    """Cut words off the end of ``text``, sometimes within one; the first word always stays."""
    words = list(_WORD.finditer(text))
    most = int(len(words) * MOST_LOST) or 1
    if len(words) < 2:  # noqa: PLR2004  (nothing would be left)
        return text
    first_lost = words[len(words) - rng.randint(1, most)]
    letters = rng.randrange(len(first_lost[0]))
    return text[: first_lost.start() + letters].rstrip()
