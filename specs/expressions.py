"""Slice families of ``data.slices``: a column, or a rule over a row. Parsed, never evaluated.

A family cuts the rows into slices by a value: ``channel`` gives one slice per value of that column,
a rule such as ``len(text) < 40`` gives ``true`` and ``false``.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from specs.errors import TrueupError
from specs.rule_grammar import Rule, RuleError, parse_rule

_LOOKS_LIKE_A_RULE = re.compile(r"[()<>=!\[\]`&|]|\b(in|contains)\b\s*[\[\"']")
_FIX = 'name a column, or write a rule like "len(text) < 40"'
RULE_VALUES = ("true", "false")
"""The slices of a family that is a rule."""


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
class RuleSlice:
    """Rows for which a rule holds; and the others."""

    rule: Rule

    @property
    def columns(self) -> tuple[str, ...]:
        """What a row must have."""
        return self.rule.columns

    def value_of(self, row: Mapping[str, str]) -> str:
        """Return ``true`` or ``false``; KeyError without a column."""
        return "true" if self.rule.holds(row) else "false"


SliceExpression = ColumnSlice | RuleSlice


def parse_expression(text: str) -> SliceExpression:
    """Read one value of ``data.slices``; ExpressionError when it says neither."""
    stripped = text.strip()
    if not stripped:
        raise ExpressionError(text, "names no column")
    if not _LOOKS_LIKE_A_RULE.search(stripped):
        return ColumnSlice(stripped)
    try:
        return RuleSlice(parse_rule(stripped))
    except RuleError as error:
        raise ExpressionError(text, str(error)) from error
