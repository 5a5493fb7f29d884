"""Whitespace: blanks twice, at the ends, as tabs or line breaks, or missing between two words."""

import re
from random import Random

_GAP = re.compile(r"\s+")
OTHER_BLANKS = ("  ", "   ", "\t", "\n", "\u00a0")
"""Two blanks, three, a tab, a line break, and the blank that does not break."""


def perturb(text: str, rng: Random) -> str:
    """Write ``text`` with other blanks, mostly at one place, sometimes at all."""
    gaps = list(_GAP.finditer(text))
    ways = [f" {text}", f"{text}  ", f"\n{text}\n"]
    if gaps:
        one, blank = rng.choice(gaps), rng.choice(OTHER_BLANKS)
        ways += [
            text[: one.start()] + blank + text[one.end() :],
            text[: one.start()] + text[one.end() :],
            _GAP.sub("  ", text),
        ]
    other = [way for way in ways if way != text]
    return rng.choice(other)
