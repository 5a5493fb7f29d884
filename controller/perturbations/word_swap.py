"""Words in another order: two neighbours change places."""

import re
from itertools import pairwise
from random import Random

WORDS_PER_SWAP = 10
"""About one swap in ten words, and at least one."""
_PARTS = re.compile(r"(\s+)")


def perturb(text: str, rng: Random) -> str:
    """Swap neighbouring words of ``text``; the blanks between them stay where they are."""
    parts = _PARTS.split(text)
    words = [index for index in range(0, len(parts), 2) if parts[index]]
    pairs = [(one, other) for one, other in pairwise(words) if parts[one] != parts[other]]
    if not pairs:
        return text
    for one, other in rng.sample(pairs, min(len(pairs), max(1, len(words) // WORDS_PER_SWAP))):
        parts[one], parts[other] = parts[other], parts[one]
    return "".join(parts)
