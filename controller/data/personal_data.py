"""Personal data that a pattern can tell: e-mail addresses, telephone and payment card numbers.

Patterns miss names and addresses; a zero here is no proof of absence. Pure.
"""

import re
from collections.abc import Iterable, Mapping

KINDS = ("email", "phone", "card")
_EMAIL = re.compile(r"[\w.+-]+@[\w-]+\.[\w.-]*\w")
_CARD = re.compile(r"(?<![\d.,-])\d(?:[ -]?\d){12,18}(?![\d.,-]*\d)")
_PHONE = re.compile(
    r"(?<![\w+.,-])(?:\+\d{1,3}[ .-]?)?(?:\(\d{1,4}\)[ .-]?)?\d(?:[ .-]?\d){6,13}(?![\w])"
)
_PHONE_SIGN = re.compile(r"^\+|[ ().-]")
_DATE_OR_AMOUNT = re.compile(r"^\d{4}-\d{2}-\d{2}$|^\d{1,2}[.-]\d{1,2}[.-]\d{2,4}$|^\d+[.]\d+$")
_MIN_PHONE_DIGITS = 8


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
    rest = text
    for card in cards:
        rest = rest.replace(card, " ")
    if any(_is_phone(match.group()) for match in _PHONE.finditer(rest)):
        kinds.append("phone")
    if cards:
        kinds.append("card")
    return kinds


def has_luhn(number: str) -> bool:
    """Whether the digits of a number carry the check digit of payment cards (ISO/IEC 7812)."""
    digits = [int(character) for character in number if character.isdigit()]
    doubled = [sum(divmod(2 * digit, 10)) for digit in digits[-2::-2]]
    return (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0


def _is_phone(text: str) -> bool:
    """Tell a telephone number from an order number: by a plus sign or by how it is grouped."""
    digits = sum(character.isdigit() for character in text)
    grouped = bool(_PHONE_SIGN.search(text)) and not _DATE_OR_AMOUNT.match(text)
    return digits >= _MIN_PHONE_DIGITS and grouped
