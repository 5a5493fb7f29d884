"""Hold a generated answer against the right one. Pure."""

import re
from collections import Counter

_SPACE = re.compile(r"\s+")
_WORD = re.compile(r"\w+|[^\w\s]")


def is_exact_match(generated: str, wanted: str) -> bool:
    """Whether the answers are the same but for white space."""
    return _SPACE.sub(" ", generated).strip() == _SPACE.sub(" ", wanted).strip()


def token_f1(generated: str, wanted: str) -> float:
    """F1 of the words of two answers, in any order, lower case: 0 to 1."""
    ours, theirs = (Counter(_WORD.findall(text.lower())) for text in (generated, wanted))
    shared = sum((ours & theirs).values())
    total = sum(ours.values()) + sum(theirs.values())
    return 2 * shared / total if total else 1.0
