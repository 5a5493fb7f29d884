"""What is measured of a text: its words that the training text does not know, and its length."""

import re
from collections.abc import Iterable
from collections.abc import Set as AbstractSet

_WORD = re.compile(r"\w+")


def words(text: str) -> list[str]:
    """Give the lower-case words of ``text``, in order."""
    return _WORD.findall(text.lower())


def vocabulary_of(terms: Iterable[str]) -> frozenset[str]:
    """Give the words of ``terms``, cut as ``words`` cuts, whoever cut them before."""
    return frozenset(word for term in terms for word in words(term))


def unknown_words(text: str, vocabulary: AbstractSet[str]) -> list[str]:
    """Give the words of ``text`` that are not in ``vocabulary``, in order."""
    return [word for word in words(text) if word not in vocabulary]


def unknown_ratio(text: str, vocabulary: AbstractSet[str]) -> float:
    """Return the share of words that are not in ``vocabulary``; 0 for a text without words."""
    found = words(text)
    return sum(word not in vocabulary for word in found) / len(found) if found else 0.0
