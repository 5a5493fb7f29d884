"""Texts that something went wrong with: broken encodings, and texts without words. Pure.

Made for any script: marks that are vowels count as letters, one ideograph is a word, and emoji
are read as words. Short words (*ok*, *hi*) and rows of punctuation behind a word are ordinary.
"""

import re
import unicodedata
from collections import Counter

BROKEN = ("replacement", "mojibake", "control")
"""Kinds that are wrong in any text, code and mathematics included."""
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_NOT_READ = re.compile(r"[^A-Za-z0-9]+")
_LETTER = re.compile(r"[A-Za-z]")
_LEAST_READ = 0.6
_SHORT = 3
_FEW_SIGNS, _LONG_ENOUGH = 2, 8
_MANY_WORDS, _MOST_WORDS = 6, 0.8


def _as_windows_1252(low: int, high: int) -> str:
    """Write as a character class what the bytes look like when they are read as Windows-1252."""
    found = []
    for byte in range(low, high + 1):
        found.append(chr(byte))  # as Latin-1, and the five bytes that Windows-1252 has not
        found.append(bytes([byte]).decode("cp1252", "ignore"))
    return "[" + "".join(re.escape(sign) for sign in dict.fromkeys(found) if sign) + "]"


_NEXT = _as_windows_1252(0x80, 0xBF)
_LONG_SEQUENCE = re.compile(
    f"{_as_windows_1252(0xE0, 0xEF)}{_NEXT}{{2}}|{_as_windows_1252(0xF0, 0xF4)}{_NEXT}{{3}}"
)
_SHORT_SEQUENCE = re.compile(f"{_as_windows_1252(0xC2, 0xDF)}{_NEXT}")
_QUOTES = set("\u201a\u201e\u2026\u2018\u2019\u201c\u201d\u2013\u2014\u203a\u2039\u00bb\u00ab")
"""May stand behind a capital letter with an accent in an ordinary text."""


def why_broken(text: str) -> str | None:
    """Name what is wrong with the text's encoding, if anything."""
    if "\ufffd" in text:
        return "replacement"
    if not text.isascii() and is_mojibake(text):
        return "mojibake"
    return "control" if _CONTROL.search(text) else None


def why_garbled(text: str) -> str | None:
    """Name what is wrong with a text that should hold words, if anything; never an empty one."""
    broken = why_broken(text)
    if broken:
        return broken
    signs = "".join(text.split())
    letters, read = _letters_of(signs)
    if len(signs) < _SHORT and not (len(letters) == _SHORT - 1 or _is_a_word(signs)):
        return "short"
    if not letters or read < _LEAST_READ * len(signs):
        return "letters"
    return "repeats" if _repeats(letters, text) else None


def is_mojibake(text: str) -> bool:
    """Whether UTF-8 was read as Windows-1252: two characters or more that make one in UTF-8.

    Longer sequences are beyond doubt. One of two characters may be an ordinary capital before a
    closing quote, so it needs a second one, or a follower that is no quotation mark.
    """
    if _LONG_SEQUENCE.search(text):
        return True
    short = _SHORT_SEQUENCE.findall(text)
    return len(short) > 1 or any(found[1] not in _QUOTES for found in short)


def _letters_of(signs: str) -> tuple[str, int]:
    """Return the letters and emoji, and how many signs can be read: those and the digits."""
    if signs.isascii():
        return "".join(_LETTER.findall(signs)), len(_NOT_READ.sub("", signs))
    kinds = [unicodedata.category(sign) for sign in signs]
    letters = [
        sign
        for sign, kind in zip(signs, kinds, strict=True)
        if kind[0] in "LM" or kind in ("So", "Sk", "Cf")
    ]
    return "".join(letters), len(letters) + sum(kind[0] == "N" for kind in kinds)


def _is_a_word(signs: str) -> bool:
    """Whether one or two signs are words of their own: ideographs, syllables, emoji."""
    return any(unicodedata.category(sign) in ("Lo", "So") for sign in signs)


def _repeats(letters: str, text: str) -> bool:
    if len(letters) >= _LONG_ENOUGH and len(set(letters.casefold())) <= _FEW_SIGNS:
        return True
    words = text.casefold().split()
    if len(words) < _MANY_WORDS:
        return False
    return Counter(words).most_common(1)[0][1] >= _MOST_WORDS * len(words)
