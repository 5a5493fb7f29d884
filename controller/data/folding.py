"""What of a text counts when two of them are compared. Pure."""

import re
import unicodedata

_SPACE = re.compile(r"\s+")
_JOINERS = {*range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0)}
"""Variation selectors: how a sign is drawn, not which one it is."""


class _Folding(dict[int, str | None]):
    """Code point → what stands for it: punctuation and space are a space, invisible signs nothing.

    Letters, digits, and the marks that are vowels in many scripts stay, and so do currency and
    mathematical signs and emoji: a text may differ from another one in nothing else. Filled as
    code points are met; there are a million of them.
    """

    def __missing__(self, point: int) -> str | None:
        category = unicodedata.category(chr(point))
        stands: str | None = chr(point)
        if category[0] in "PZ" or category in ("Cc", "Sk"):
            stands = " "
        elif category[0] == "C" or point in _JOINERS:
            stands = None
        self[point] = stands
        return stands


_FOLDING = _Folding()


def normalised(text: str) -> str:
    """Return the text without differences in white space."""
    return _SPACE.sub(" ", text).strip()


def folded(text: str) -> str:
    """Return the text without differences in case, punctuation, width and white space.

    A text of nothing but punctuation keeps it: otherwise all of those would be one text.
    """
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text)
    plain = " ".join(text.casefold().translate(_FOLDING).split())
    return plain or normalised(text)
