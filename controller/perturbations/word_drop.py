"""Words left out: what a hurried writer skips, and what a bad line swallows."""

import re
from random import Random

WORDS_PER_DROP = 8
"""About one word in eight, and at least one."""
_WORD = re.compile(r"\S+\s*")


def perturb(text: str, rng: Random) -> str:
    """Leave some words of ``text`` out; a text of one word comes back as it is."""
    words = _WORD.findall(text)
    if len(words) < 2:  # noqa: PLR2004  (nothing would be left)
        return text
    count = min(len(words) - 1, max(1, round(len(words) / WORDS_PER_DROP)))
    dropped = set(rng.sample(range(len(words)), count))
    kept = "".join(word for index, word in enumerate(words) if index not in dropped)
    return kept.rstrip() if text == text.rstrip() else kept
