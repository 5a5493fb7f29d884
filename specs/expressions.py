"""Slice families of ``data.slices``: a column, or a rule over a text. Parsed, never evaluated.

A family cuts the rows into slices by a value: ``channel`` gives one slice per value of that column,
``len(text) < 40`` gives ``true`` and ``false``. Everything else is an error.
"""

import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from specs.errors import TrueupError

_LENGTH = re.compile(
    r"len\(\s*(?P<column>[^()\s][^()]*?)\s*\)\s*(?P<sign><=|>=|==|<|>)\s*(?P<n>\d{1,9})"
)
_LOOKS_LIKE_A_RULE = re.compile(r"[()<>=!]")
_JOINED = re.compile(r"\b(and|or|not)\b|&|\|", re.IGNORECASE)
_COMPARE: Mapping[str, Callable[[int, int], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
}
_FIX = 'name a column, or write a rule like "len(text) < 40"'


class ExpressionError(TrueupError):
    """A slice that is neither a column nor a rule."""

    reason = "InvalidSpec"

    def __init__(self, text: str, problem: str, *, fix: str = _FIX) -> None:
        """``text`` is the expression, ``problem`` says what is wrong with it."""
        super().__init__(f"{text!r} {problem}")
        self.text = text
        self.fix = fix


@dataclass(frozen=True)
class ColumnSlice:
    """One slice per value of a column."""

    column: str

    @property
    def columns(self) -> tuple[str, ...]:
        """What a row must have."""
        return (self.column,)

    def value_of(self, row: Mapping[str, str]) -> str:
        """Return the slice that ``row`` belongs to; KeyError without the column."""
        return row[self.column]


@dataclass(frozen=True)
class LengthSlice:
    """Rows whose text is short, or long, enough; and the others."""

    column: str
    sign: str
    """``<``, ``<=``, ``>``, ``>=`` or ``==``."""
    length: int
    """Characters (Unicode code points)."""

    @property
    def columns(self) -> tuple[str, ...]:
        """What a row must have."""
        return (self.column,)

    def value_of(self, row: Mapping[str, str]) -> str:
        """Return ``true`` or ``false``; KeyError without the column."""
        holds = _COMPARE[self.sign](len(row[self.column]), self.length)
        return "true" if holds else "false"


SliceExpression = ColumnSlice | LengthSlice
RULE_VALUES = ("true", "false")
"""The slices of a family that is a rule."""


def parse_expression(text: str) -> SliceExpression:
    """Read one value of ``data.slices``; ExpressionError when it says neither."""
    stripped = text.strip()
    if not stripped:
        raise ExpressionError(text, "names no column")
    match = _LENGTH.fullmatch(stripped)
    if match is not None:
        return LengthSlice(match["column"], match["sign"], int(match["n"]))
    if _LOOKS_LIKE_A_RULE.search(stripped):
        raise ExpressionError(text, _why_not(stripped))
    return ColumnSlice(stripped)


def _why_not(text: str) -> str:
    if _JOINED.search(text):
        return "joins rules; a slice family is one rule"
    if "!=" in text or re.search(r"[^<>=]=[^=]", text):
        return "has no comparison that is known; use one of <, <=, >, >=, =="
    if not text.startswith("len("):
        return "is not a rule that is known; len(COLUMN) is the only one"
    return "is not a rule of the form len(COLUMN) < NUMBER"
