"""Personal data that a pattern can tell: e-mail addresses, telephone and payment card numbers.

Patterns miss names and addresses; a zero here is no proof of absence. Pure.
"""

import re
from collections.abc import Iterable, Mapping

KINDS = ("email", "phone", "card")
_EMAIL = re.compile(r"[\w.+-]+@[\w-]+\.[\w.-]*\w")
_CARD = re.compile(r"(?<![\d.,-])\d(?:[ -]?\d){12,18}(?![\d.,-]*\d)")
_NUMBER = re.compile(r"(?<![\w.,+-])\+?[\d(][\d ().-]*\d(?!\w)")
_DATE_OR_AMOUNT = re.compile(
    r"\b(?:\d{4}-\d{1,2}-\d{1,2}|\d{1,2}[./-]\d{1,2}[./-]\d{2,4}|\d+[.,]\d{2})\b"
)
_GROUP_SIGN = re.compile(r"^\+|[ ().-]")
_LONG_GROUP = re.compile(r"\d{3}")
_MIN_PHONE_DIGITS = 8
_MAX_PHONE_DIGITS = 15
"""E.164's limit."""


def find_personal_data(texts: Iterable[tuple[int, str]]) -> Mapping[str, list[int]]:
    """Map each kind to the numbers of the rows that hold it; ``texts`` are (number, text)."""
    found: dict[str, list[int]] = {kind: [] for kind in KINDS}
    for number, text in texts:
        for kind in kinds_in(text):
            found[kind].append(number)
    return found


def kinds_in(text: str) -> list[str]:
    """Name the kinds of personal data in one text, in the order of ``KINDS``."""
    kinds = []
    if "@" in text and _EMAIL.search(text):
        kinds.append("email")
    # Most texts hold too few digits for a number of any kind; counting is cheaper than matching.
    if sum(character.isdigit() for character in text) < _MIN_PHONE_DIGITS:
        return kinds
    cards = [match.group() for match in _CARD.finditer(text) if has_luhn(match.group())]
    rest = _DATE_OR_AMOUNT.sub(" x ", text)
    for card in cards:
        rest = rest.replace(card, " x ")
    if any(_is_phone(match.group()) for match in _NUMBER.finditer(rest)):
        kinds.append("phone")
    if cards:
        kinds.append("card")
    return kinds


def has_luhn(number: str) -> bool:
    """Whether the digits of a number carry the check digit of payment cards (ISO/IEC 7812)."""
    digits = [int(character) for character in number if character.isdigit()]
    doubled = [sum(divmod(2 * digit, 10)) for digit in digits[-2::-2]]
    return (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0


def _is_phone(number: str) -> bool:
    """Tell a telephone number from an order number: by a plus sign or by how it is grouped."""
    digits = sum(character.isdigit() for character in number)
    is_grouped = bool(_GROUP_SIGN.search(number) and _LONG_GROUP.search(number))
    return _MIN_PHONE_DIGITS <= digits <= _MAX_PHONE_DIGITS and is_grouped
