"""Explanations as people see them: a text in parts, each as strong as it counted. Pure."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

STRENGTHS = 4
LEAST = 0.1
"""Of the strongest word: what counts less has no ground of its own."""
MOST_NAMED = 3
Side = Literal["for", "against"]


@dataclass(frozen=True)
class Part:
    """A piece of a text."""

    text: str
    strength: int = 0
    """0: says nothing; up to ``STRENGTHS``."""
    side: Side = "for"
    said: str = ""


@dataclass(frozen=True)
class Explanation:
    """One explained text."""

    parts: Sequence[Part]
    """Joined, they are the text."""
    most_for: Sequence[str]
    """The words that speak most for the answer, each with its amount."""
    most_against: Sequence[str]


def explanation(row: Mapping[str, Any]) -> Explanation:
    """Read one row of a report's explanations."""
    text, words = row["text"], row["words"]
    strongest = max((abs(word["gradients"]) for word in words), default=0.0)
    parts: list[Part] = []
    at = 0
    for word in words:
        if word["start"] > at:
            parts.append(Part(text[at : word["start"]]))
        at = word["end"]
        parts.append(_part(text[word["start"] : at], word, strongest))
    if at < len(text):
        parts.append(Part(text[at:]))
    most = sorted(words, key=lambda word: -abs(word["gradients"]))
    named = {
        sign: [
            f"{text[word['start'] : word['end']]} {_signed(word['gradients'])}"
            for word in most
            if word["gradients"] * sign >= LEAST * strongest > 0
        ][:MOST_NAMED]
        for sign in (1, -1)
    }
    return Explanation(parts, named[1], named[-1])


def _part(text: str, word: Mapping[str, Any], strongest: float) -> Part:
    value = word["gradients"]
    share = abs(value) / strongest if strongest else 0.0
    strength = math.ceil(share * STRENGTHS) if share >= LEAST else 0
    said = f"{_signed(value)} log odds; probability lost without it: {_signed(word['occlusion'])}"
    return Part(text, strength, "for" if value >= 0 else "against", said)


def _signed(value: float) -> str:
    return f"{value:+.2f}".replace("-", "\N{MINUS SIGN}")
