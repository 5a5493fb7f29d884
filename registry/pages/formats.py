"""How values look to people. Pure; each is a Jinja filter of the same name."""

import math
import re
from datetime import datetime, timedelta

from registry.amounts import amount, name_of
from registry.evidence import remarks_on
from registry.pages.explanations import explanation

DASH = "\N{EN DASH}"
_NEEDS_NO_FRACTION = 1000
_COMMIT = re.compile(r"@sha1:([0-9a-f]{7})[0-9a-f]{33}")
_STEPS = ((60, "s"), (60, "min"), (24, "h"), (math.inf, "d"))


def ago(moment: datetime, now: datetime) -> str:
    """How long ago, in one unit."""
    passed = now - moment
    return (
        "just now" if passed < timedelta(seconds=2) else f"{duration(passed.total_seconds())} ago"
    )


def duration(seconds: float) -> str:
    """A length of time, in one unit."""
    amount = max(seconds, 0.0)
    for size, unit in _STEPS:
        if amount < size:
            return f"{amount:.0f} {unit}"
        amount /= size
    raise AssertionError("the last step is infinite")


def number(value: float | None) -> str:
    """A measured number with the digits that matter; large ones without fraction."""
    if value is None or not math.isfinite(value):
        return DASH
    return f"{value:,.0f}" if abs(value) >= _NEEDS_NO_FRACTION else f"{value:.3f}"


def short_revision(revision: str | None) -> str:
    """``main@a1b2c3d``: a branch and enough of a commit."""
    if revision is None:
        return DASH
    branch, _, commit = revision.partition("@sha1:")
    return f"{branch}@{commit[:7]}" if commit else revision[:16]


def told(message: str) -> str:
    """A message with its commits cut to what tells them apart."""
    return _COMMIT.sub(r"@\1", message)


def short_digest(digest: str) -> str:
    """Enough hex digits of a digest to tell it from others."""
    return digest.rpartition(":")[2][:10]


WRITTEN = {"roc_auc": "ROC-AUC", "rouge_l": "ROUGE-L", "chrf": "chrF", "json_valid": "JSON valid"}
"""Names that are written otherwise than their words."""


def words(name: str) -> str:
    """A metric's name for a heading: ``f1_macro`` → ``F1 macro``."""
    if name in WRITTEN:
        return WRITTEN[name]
    spaced = name.replace("_", " ").replace(".", ": ")
    return spaced[:1].upper() + spaced[1:]


def capitalize_first(text: str) -> str:
    """Begin a sentence; names inside it stay as they are."""
    return text[:1].upper() + text[1:]


FILTERS = {
    "capitalize_first": capitalize_first,
    "amount": lambda value, quantity: amount(quantity, value),
    "quantity": name_of,
    "ago": ago,
    "duration": duration,
    "number": number,
    "short_revision": short_revision,
    "short_digest": short_digest,
    "told": told,
    "words": words,
    "remarks": remarks_on,
    "explanation": explanation,
}
