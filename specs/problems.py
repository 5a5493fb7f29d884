"""Problems of one spec before they have a place: which field, what is wrong, what to do.

Checks find problems by field; only the loader knows lines and columns and makes ``SpecError``s.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

Loc = tuple[str | int, ...]
"""The way to a value from the root of a file: keys and list positions."""


@dataclass(frozen=True)
class Problem:
    """What is wrong with the value at ``loc``."""

    loc: Loc
    text: str
    """Lower case, and without the place."""
    fix: str | None = None
    at_key: bool = False
    """The key itself is wrong, not its value."""


def dotted(loc: Loc) -> str:
    """Write ``loc`` as people do: ``spec.gates[0].min``."""
    parts = (f"[{part}]" if isinstance(part, int) else f".{part}" for part in loc)
    return "".join(parts).removeprefix(".")


def nearest(word: str, known: Iterable[str], *, likeness: float = 0.6) -> str | None:
    """Return the known word that ``word`` was most likely meant to be, if any is close."""
    by_lower = {name.lower(): name for name in known}
    matches = get_close_matches(word.lower(), list(by_lower), n=1, cutoff=likeness)
    if matches:
        return by_lower[matches[0]]
    longer = [name for name in by_lower.values() if word and name.lower().startswith(word.lower())]
    return longer[0] if len(longer) == 1 else None


def either(words: Sequence[str]) -> str:
    """Offer a choice: ``a, b or c``."""
    *most, last = words
    return f"{', '.join(most)} or {last}" if most else last


def suggest(word: str, known: Iterable[str], *, otherwise: str = "known here") -> str:
    """Say which known word was probably meant, or else list them all."""
    words = list(known)
    match = nearest(word, words)
    if match is not None:
        return f"did you mean {match!r}?"
    return f"{otherwise}: {', '.join(words)}" if words else f"{otherwise}: none"
