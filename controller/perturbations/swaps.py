"""Swapping words for their counterparts, in both directions, with their case and article kept."""

import re
from collections.abc import Callable, Iterable, Mapping

Choose = Callable[[str, str], str | None]
"""A word in lower case and the text behind it → what replaces it, or None: the list decides."""

_ARTICLE = r"(?:(?P<article>\ban?)(?P<gap>\s+))?"


class Swap:
    """Pairs of words, ready to be swapped in texts."""

    def __init__(
        self, pairs: Iterable[tuple[str, str]], *, choose: Choose = lambda _word, _after: None
    ) -> None:
        """``pairs`` are in lower case; of a word that stands in several, the first pair counts.

        ``choose`` decides words whose counterpart depends on what follows.
        """
        self._other: dict[str, str] = {}
        for one, other in pairs:
            self._other.setdefault(one, other)
            self._other.setdefault(other, one)
        self._choose = choose
        words = "|".join(sorted(map(re.escape, self._other), key=len, reverse=True))
        self._pattern = re.compile(rf"{_ARTICLE}\b(?P<word>{words})\b", re.IGNORECASE)

    @property
    def words(self) -> Mapping[str, str]:
        """Word → its counterpart where nothing that follows decides."""
        return self._other

    def __call__(self, text: str) -> str:
        """Swap every word that is in the list."""
        return self._pattern.sub(lambda found: self._swapped(found, text), text)

    def _swapped(self, found: "re.Match[str]", text: str) -> str:
        word = found["word"]
        other = self._choose(word.lower(), text[found.end() :]) or self._other[word.lower()]
        article = found["article"]
        if article is None:
            return cased(other, like=word)
        right = "an" if other[0] in "aeiou" else "a"
        return cased(right, like=article) + found["gap"] + cased(other, like=word)


def cased(word: str, *, like: str) -> str:
    """Write ``word`` in the case of ``like``: lower, Capitalised or UPPER."""
    if like.isupper() and len(like) > 1:
        return word.upper()
    if like[0].isupper():
        return " ".join(part[0].upper() + part[1:] for part in word.split(" "))
    return word
