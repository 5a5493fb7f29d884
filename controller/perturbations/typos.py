"""Typing mistakes: a neighbouring key, a letter twice or not at all, two letters swapped."""

from random import Random

ROWS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
"""Of a QWERTY keyboard, each row shifted by half a key against the one above."""
LETTERS_PER_TYPO = 15
"""About one mistake in three words, and at least one in a text."""


def _neighbours() -> dict[str, str]:
    places = {
        key: (row, at + row / 2) for row, keys in enumerate(ROWS) for at, key in enumerate(keys)
    }
    return {
        key: "".join(
            other
            for other, (other_row, other_at) in places.items()
            if other != key and abs(other_row - row) <= 1 and abs(other_at - at) <= 1
        )
        for key, (row, at) in places.items()
    }


NEIGHBOURS = _neighbours()
"""Key → the keys around it."""


def perturb(text: str, rng: Random) -> str:
    """Mistype some letters of ``text``; case, digits and everything else stay."""
    places = [index for index, letter in enumerate(text) if letter.lower() in NEIGHBOURS]
    if not places:
        return text
    count = max(1, round(len(places) / LETTERS_PER_TYPO))
    letters = list(text)
    for index in rng.sample(places, count):
        letters[index] = _mistyped(text, index, rng)
    return "".join(letters)


def _mistyped(text: str, index: int, rng: Random) -> str:
    """What stands at ``index`` instead of its letter: one other, two, or none."""
    letter = text[index]
    wrong = rng.choice(NEIGHBOURS[letter.lower()])
    wrong = wrong.upper() if letter.isupper() else wrong
    # A neighbouring key is the most frequent mistake; an extra one is hit beside the right one.
    return rng.choice((wrong, wrong, letter + wrong, letter * 2, ""))
