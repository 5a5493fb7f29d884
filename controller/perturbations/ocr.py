"""OCR-like noise: what a scanner takes one letter for, after the shapes of printed letters."""

import re
from random import Random

LETTERS_PER_MISTAKE = 20
"""About one mistake in twenty letters, and at least one."""
CONFUSED = (
    ("rn", "m"),
    ("m", "rn"),
    ("cl", "d"),
    ("d", "cl"),
    ("vv", "w"),
    ("w", "vv"),
    ("ii", "u"),
    ("li", "h"),
    ("h", "li"),
    ("l", "1"),
    ("l", "I"),
    ("I", "l"),
    ("i", "l"),
    ("1", "l"),
    ("o", "0"),
    ("O", "0"),
    ("0", "O"),
    ("e", "c"),
    ("c", "e"),
    ("s", "5"),
    ("S", "5"),
    ("5", "S"),
    ("B", "8"),
    ("8", "B"),
    ("g", "9"),
    ("9", "g"),
    ("b", "6"),
    ("6", "b"),
    ("Z", "2"),
    ("2", "Z"),
    ("t", "f"),
    ("f", "t"),
    ("a", "o"),
    ("u", "v"),
)
"""What is printed, and what is read; digits too, which no other perturbation touches."""
_PRINTED = re.compile("|".join(sorted({re.escape(one) for one, _ in CONFUSED}, key=len)[::-1]))
_READ: dict[str, list[str]] = {}
for _one, _other in CONFUSED:
    _READ.setdefault(_one, []).append(_other)


def perturb(text: str, rng: Random) -> str:
    """Misread some letters of ``text``; blanks and punctuation stay."""
    places = list(_PRINTED.finditer(text))
    if not places:
        return text
    letters = sum(letter.isalnum() for letter in text)
    count = min(len(places), max(1, round(letters / LETTERS_PER_MISTAKE)))
    for found in sorted(rng.sample(places, count), key=lambda one: -one.start()):
        text = text[: found.start()] + rng.choice(_READ[found[0]]) + text[found.end() :]
    return text
