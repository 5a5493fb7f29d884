"""Punctuation: left out, doubled, or put where a hurried writer puts it."""

import re
from random import Random

_MARK = re.compile(r"[^\w\s]+")
_END = re.compile(r"[.!?]*\s*$")
ENDS = (".", "?", "!", "...", "??", "!!", " .", "")


def perturb(text: str, rng: Random) -> str:
    """Write ``text`` with other punctuation; letters, digits and the space between words stay."""
    ways = [_without(text), _other_end(text, rng), _doubled(text), _comma(text, rng)]
    other = [way for way in ways if way.strip() and way != text]
    return rng.choice(other) if other else text


def _without(text: str) -> str:
    """Drop every mark but those inside words and numbers (``don't``, ``1.50``)."""

    def kept(mark: "re.Match[str]") -> str:
        before, after = text[: mark.start()][-1:], text[mark.end() :][:1]
        return mark[0] if before.isalnum() and after.isalnum() else ""

    return _MARK.sub(kept, text)


def _other_end(text: str, rng: Random) -> str:
    body = _END.sub("", text)
    ends = [end for end in ENDS if body + end != text]
    return body + rng.choice(ends)


def _doubled(text: str) -> str:
    return re.sub(r"([.!?,;])(?=\s|$)", r"\1\1", text)


def _comma(text: str, rng: Random) -> str:
    """Put a comma behind some word."""
    gaps = [gap.start() for gap in re.finditer(r"(?<=\w)\s+(?=\w)", text)]
    if not gaps:
        return text
    at = rng.choice(gaps)
    return f"{text[:at]},{text[at:]}"
