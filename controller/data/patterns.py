"""What a pattern finds in a text: where it stands and what kind it is, so that it can be masked."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Match:
    """One place in a text."""

    kind: str
    start: int
    end: int


def without_overlaps(found: Iterable[Match]) -> list[Match]:
    """Keep the first of matches that overlap; the order given is the order of trust."""
    kept: list[Match] = []
    for one in found:
        if all(one.end <= other.start or other.end <= one.start for other in kept):
            kept.append(one)
    return sorted(kept, key=lambda match: match.start)


def masked(text: str, found: Iterable[Match]) -> str:
    """Put ``[kind]`` in the place of each match; nothing of what stood there is left."""
    parts, at = [], 0
    for one in sorted(found, key=lambda match: match.start):
        parts += [text[at : one.start], f"[{one.kind}]"]
        at = one.end
    return "".join([*parts, text[at:]])
