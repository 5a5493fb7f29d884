"""Secrets that must never be learned: keys and tokens with a known form, and assigned passwords.

A known form is a fixed prefix with a fixed length, or a structure that can be read (a JWT's header
is JSON; GitHub's tokens end with a checksum). An assignment counts when its value looks random.
Pure.
"""

import base64
import binascii
import json
import math
import re
from collections import Counter
from collections.abc import Iterator

from controller.data.patterns import Match, without_overlaps

_PRIVATE_KEY = re.compile(
    r"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY(?: BLOCK)?-----"
    r"(?:.*?-----END (?:[A-Z]+ )*PRIVATE KEY(?: BLOCK)?-----|.*)",
    re.DOTALL,
)
_JWT = re.compile(r"(?<![\w-])(eyJ[\w-]{5,})\.(eyJ[\w-]{5,})\.([\w-]{16,})(?![\w-])")
_GITHUB = re.compile(r"(?<![A-Za-z0-9])gh[pousr]_([0-9A-Za-z]{30})([0-9A-Za-z]{6})(?![0-9A-Za-z])")
_KNOWN = {
    "aws_key": re.compile(r"(?<![A-Z0-9])(?:AKIA|ASIA)[A-Z2-7]{16}(?![A-Z0-9])"),
    "github_token": re.compile(r"(?<!\w)github_pat_[0-9A-Za-z]{22}_[0-9A-Za-z]{59}(?!\w)"),
    "google_key": re.compile(r"(?<![\w-])AIza[\w-]{35}(?![\w-])"),
    "slack_token": re.compile(r"(?<![\w-])xox[abeoprs]-[0-9A-Za-z-]{20,}"),
    "stripe_key": re.compile(r"(?<!\w)[sr]k_live_[0-9A-Za-z]{20,}"),
    "api_key": re.compile(r"(?<![\w-])sk-(?:[a-z]+-)*[\w-]{32,}(?![\w-])"),
    "url_password": re.compile(r"(?<=://)[^\s:/@]{1,64}:[^\s:/@]{3,128}(?=@[\w.-])"),
}
_HINTS = ("AKIA", "ASIA", "gh", "AIza", "xox", "k_live_", "sk-", "://", "eyJ", "PRIVATE KEY")
_ASSIGNED = re.compile(
    r"(?i)(?:password|passwd|pwd|secret|token|api[_-]?key|access[_-]?key|auth[_-]?key|credential)s?"
    r"[\"']?\s*(?::=|=>|[:=])\s*[\"']?(?P<value>[^\s\"',;<>(){}\[\]]{10,200})"
)
_MIN_ENTROPY = 3.3
"""Bits per character: English words have about 2.8 at this length, random ones over 3.5."""
_MIN_CLASSES = 2
"""Of lower case, upper case, digits and signs."""
_BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


def find_credentials(text: str) -> list[Match]:
    """Find secrets in one text; the kind says what they open."""
    found: list[Match] = []
    if any(hint in text for hint in _HINTS):
        found += [Match("private_key", *one.span()) for one in _PRIVATE_KEY.finditer(text)]
        found += _tokens(text)
        found += [
            Match(kind, *one.span())
            for kind, pattern in _KNOWN.items()
            for one in pattern.finditer(text)
        ]
    if "=" in text or ":" in text:
        found += [
            Match("assigned_secret", *one.span("value"))
            for one in _ASSIGNED.finditer(text)
            if _looks_random(one["value"])
        ]
    return without_overlaps(found) if len(found) > 1 else found


def _tokens(text: str) -> Iterator[Match]:
    for one in _JWT.finditer(text):
        if _is_json_object(one[1]):
            yield Match("jwt", *one.span())
    for one in _GITHUB.finditer(text):
        if _base62(binascii.crc32(one[1].encode())) == one[2]:
            yield Match("github_token", *one.span())


def entropy(text: str) -> float:
    """Bits per character, by the characters' shares in the text itself (Shannon)."""
    counts = Counter(text)
    return -sum(n / len(text) * math.log2(n / len(text)) for n in counts.values())


def _looks_random(value: str) -> bool:
    signs = (str.islower, str.isupper, str.isdigit, lambda one: not one.isalnum())
    classes = sum(any(map(sign, value)) for sign in signs)
    has_digit = any(map(str.isdigit, value))
    return has_digit and classes >= _MIN_CLASSES and entropy(value) >= _MIN_ENTROPY


def _is_json_object(part: str) -> bool:
    try:
        header = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except ValueError:  # not base64, not UTF-8, or not JSON
        return False
    return isinstance(header, dict) and "alg" in header


def _base62(number: int, width: int = 6) -> str:
    digits = ""
    while number:
        number, digit = divmod(number, 62)
        digits = _BASE62[digit] + digits
    return digits.rjust(width, "0")
