"""Personal data that a pattern can tell: addresses, telephone, card, account and social numbers.

Where a number carries a check digit, it has to be right; so a number that only looks like one is
left alone. Patterns miss names and street addresses: a zero here is no proof of absence. Pure.
"""

import ipaddress
import re
from collections.abc import Callable, Iterator

from controller.data.patterns import Match, without_overlaps

_EMAIL = re.compile(r"[\w.+-]+@[\w-]+\.[\w.-]*\w")
_CARD = re.compile(r"(?<![\d.,-])\d(?:[ -]?\d){12,18}(?![\d.,-]*\d)")
_IBAN = re.compile(r"(?<![A-Za-z0-9])[A-Z]{2}\d{2}(?: ?[A-Z0-9]){11,30}(?![A-Za-z0-9])")
_SSN = re.compile(r"(?<![\d-])(?!000|666|9)\d{3}-(?!00)\d{2}-(?!0000)\d{4}(?![\d-])")
_IP4 = re.compile(r"(?<![\d.])\d{1,3}(?:\.\d{1,3}){3}(?![\d.]*\d)")
_IP6 = re.compile(r"(?<![\w:])(?:[0-9A-Fa-f]{0,4}:){2,7}[0-9A-Fa-f]{0,4}(?![\w:])")
_NUMBER = re.compile(r"(?<![\w.,+-])\+?[\d(][\d ().-]*\d(?!\w)")
_DATE_OR_AMOUNT = re.compile(
    r"\b(?:\d{4}-\d{1,2}-\d{1,2}|\d{1,2}[./-]\d{1,2}[./-]\d{2,4}|\d+[.,]\d{2})\b"
)
_GROUP_SIGN = re.compile(r"^\+|[ ().-]")
_LONG_GROUP = re.compile(r"\d{3}")
_MIN_PHONE_DIGITS = 8
_MAX_PHONE_DIGITS = 15
"""E.164's limit."""
_MIN_DIGITS = 4
"""An IP address has that many at least; all other numbers have more."""
_MIN_IP6_DIGITS = 8
"""Shorter ones (``::1``, ``fe80::``) are nobody's; times like 10:15:20 are not taken for one."""
_IBAN_LETTERS_AT = 4
_IBAN_LENGTHS = {
    country: length
    for length, countries in {
        15: "NO",
        16: "BE",
        18: "DK FI NL",
        19: "SI",
        20: "AT EE LT LU",
        21: "CH HR LI LV",
        22: "BG DE GB IE",
        23: "AE GI IL",
        24: "CZ ES PK RO SA SE SK",
        25: "PT",
        26: "IS TR",
        27: "FR GR IT MC SM",
        28: "AL CY HU PL",
        29: "BR UA",
        31: "MT",
    }.items()
    for country in countries.split()
}
"""ISO 13616 registry: country → characters. Of other countries the check digits alone decide."""


def find_personal_data(text: str) -> list[Match]:
    """Find personal data in one text.

    The kinds are ``email, iban, card, ssn, ip, phone``; where two overlap, the first of these.
    """
    found = (
        [] if "@" not in text else [Match("email", *one.span()) for one in _EMAIL.finditer(text)]
    )
    # Most texts hold too few digits for a number of any kind; counting is cheaper than matching.
    digits = sum(map(str.isdigit, text))
    if digits >= _MIN_DIGITS:
        found += [match for find in _NUMBERS for match in find(text)]
    return without_overlaps(found) if len(found) > 1 else found


def has_luhn(number: str) -> bool:
    """Whether the digits of a number carry the check digit of payment cards (ISO/IEC 7812)."""
    digits = [int(character) for character in number if character.isdigit()]
    doubled = [sum(divmod(2 * digit, 10)) for digit in digits[-2::-2]]
    return (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0


def is_iban(number: str) -> bool:
    """Whether an account number has its country's length, and is 1 modulo 97 (ISO 13616)."""
    plain = number.replace(" ", "")
    if len(plain) != _IBAN_LENGTHS.get(plain[:2], len(plain)):
        return False
    turned = plain[_IBAN_LETTERS_AT:] + plain[:_IBAN_LETTERS_AT]
    return int("".join(str(int(character, 36)) for character in turned)) % 97 == 1


def _ibans(text: str) -> Iterator[Match]:
    for match in _IBAN.finditer(text):
        # Words in capitals may follow the number; the country says where it ends.
        for end in _ends(text, match):
            if is_iban(text[match.start() : end]):
                yield Match("iban", match.start(), end)
                break


def _ends(text: str, match: re.Match[str]) -> Iterator[int]:
    length = _IBAN_LENGTHS.get(match.group()[:2])
    seen = 0
    for at in range(match.start(), match.end()):
        seen += text[at] != " "
        if seen == length and (at + 1 == len(text) or not text[at + 1].isalnum()):
            yield at + 1
    yield match.end()


def _cards(text: str) -> Iterator[Match]:
    return (Match("card", *one.span()) for one in _CARD.finditer(text) if has_luhn(one.group()))


def _ssns(text: str) -> Iterator[Match]:
    return (Match("ssn", *one.span()) for one in _SSN.finditer(text))


def _ips(text: str) -> Iterator[Match]:
    for pattern in (_IP4, _IP6):
        for one in pattern.finditer(text):
            try:
                address = ipaddress.ip_address(one.group())
            except ValueError:
                continue
            long_enough = address.version == 4 or sum(map(str.isalnum, one.group())) >= (  # noqa: PLR2004
                _MIN_IP6_DIGITS
            )
            # Only an address that is routed can belong to somebody.
            if address.is_global and long_enough:
                yield Match("ip", *one.span())


def _phones(text: str) -> Iterator[Match]:
    # What has dots for another reason becomes letters, as many, so that places stay as they are.
    rest = _IP4.sub(_letters, _DATE_OR_AMOUNT.sub(_letters, text))
    for one in _NUMBER.finditer(rest):
        if _is_phone(one.group()):
            yield Match("phone", *one.span())


def _letters(match: re.Match[str]) -> str:
    return "x" * len(match.group())


def _is_phone(number: str) -> bool:
    """Tell a telephone number from an order number: by a plus sign or by how it is grouped."""
    digits = sum(map(str.isdigit, number))
    is_grouped = bool(_GROUP_SIGN.search(number) and _LONG_GROUP.search(number))
    return _MIN_PHONE_DIGITS <= digits <= _MAX_PHONE_DIGITS and is_grouped


_NUMBERS: tuple[Callable[[str], Iterator[Match]], ...] = (_ibans, _cards, _ssns, _ips, _phones)
