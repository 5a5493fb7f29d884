"""The small language of slice rules: comparisons over a row's columns. Parsed, never evaluated.

    rule       = term { "or" term }
    term       = factor { "and" factor }
    factor     = "not" factor | "(" rule ")" | comparison
    comparison = measure ( "<" | "<=" | ">" | ">=" | "==" | "!=" ) number
               | column ( "==" | "!=" ) text
               | column [ "not" ] "in" "[" literal { "," literal } "]"
               | column [ "not" ] "contains" text
    measure    = column | "len(" column ")" | "words(" column ")"

A column whose name is no plain word stands in backticks. ``contains`` looks for whole words, in
any case: ``text contains "atm fee"``.
"""

import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

LONGEST_RULE = 500
"""Characters; so the depth of a rule is bounded as well."""

Row = Mapping[str, str]
Literal = float | str

_TOKEN = re.compile(
    r"""\s*(?:
        (?P<number>-?\d+(?:\.\d+)?)(?![\w.])
      | (?P<text>"[^"]*"|'[^']*')
      | (?P<column>`[^`]+`)
      | (?P<sign><=|>=|==|!=|<|>)
      | (?P<mark>[()\[\],])
      | (?P<word>[^\W\d][\w.-]*)
    )""",
    re.VERBOSE,
)
_WORD = re.compile(r"\w+")
_COMPARE: Mapping[str, Callable[[float, float], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
}
_JOINS = ("and", "or", "not", "in", "contains")


class RuleError(ValueError):
    """A rule that is not of this language; says what is wrong with it."""


class Rule(Protocol):
    """A yes-or-no question about a row."""

    @property
    def columns(self) -> tuple[str, ...]:
        """What a row must have."""

    def holds(self, row: Row) -> bool:
        """Answer it; KeyError without a column."""


@dataclass(frozen=True)
class Measure:
    """A number of a row: what a column says, or how long it is."""

    column: str
    of: str = ""
    """``len``: characters (Unicode code points); ``words``; empty: the number written there."""

    def number(self, row: Row) -> float | None:
        """Measure ``row``; None where the column holds no number."""
        value = row[self.column]
        if self.of == "len":
            return len(value)
        if self.of == "words":
            return len(_WORD.findall(value))
        try:
            return float(value)
        except ValueError:
            return None

    def __str__(self) -> str:
        return f"{self.of}({self.column})" if self.of else self.column


@dataclass(frozen=True)
class Compared:
    """A number beside a limit. What is no number is only unequal to it."""

    measure: Measure
    sign: str
    limit: float

    @property
    def columns(self) -> tuple[str, ...]:
        """What a row must have."""
        return (self.measure.column,)

    def holds(self, row: Row) -> bool:
        """Compare."""
        number = self.measure.number(row)
        return self.sign == "!=" if number is None else _COMPARE[self.sign](number, self.limit)


@dataclass(frozen=True)
class OneOf:
    """A column whose text is one of some."""

    column: str
    texts: frozenset[str]

    @property
    def columns(self) -> tuple[str, ...]:
        """What a row must have."""
        return (self.column,)

    def holds(self, row: Row) -> bool:
        """Look it up."""
        return row[self.column] in self.texts


@dataclass(frozen=True)
class Contains:
    """A column in whose text some words stand one after the other."""

    column: str
    words: str
    """In lower case, with one space around each."""

    @property
    def columns(self) -> tuple[str, ...]:
        """What a row must have."""
        return (self.column,)

    def holds(self, row: Row) -> bool:
        """Look for the words."""
        return self.words in spaced_words(row[self.column])


@dataclass(frozen=True)
class Not:
    """The opposite of a rule."""

    rule: Rule

    @property
    def columns(self) -> tuple[str, ...]:
        """What a row must have."""
        return self.rule.columns

    def holds(self, row: Row) -> bool:
        """Negate."""
        return not self.rule.holds(row)


@dataclass(frozen=True)
class Joined:
    """Rules of which all, or any, must hold."""

    rules: tuple[Rule, ...]
    word: str
    """``and`` or ``or``."""

    @property
    def columns(self) -> tuple[str, ...]:
        """What a row must have."""
        return tuple(dict.fromkeys(name for rule in self.rules for name in rule.columns))

    def holds(self, row: Row) -> bool:
        """Join the answers; every rule is asked, so that an absent column is always noticed."""
        answers = [rule.holds(row) for rule in self.rules]
        return all(answers) if self.word == "and" else any(answers)


def spaced_words(text: str) -> str:
    """Write the words of a text in lower case, one space around each."""
    return f" {' '.join(_WORD.findall(text.lower()))} "


def parse_rule(text: str) -> Rule:
    """Read a whole rule; RuleError when it is not of the language."""
    if len(text) > LONGEST_RULE:
        raise RuleError(f"is longer than {LONGEST_RULE} characters")
    reader = _Reader(_tokens(text))
    rule = reader.rule()
    if reader.kind:
        raise RuleError(f"goes on with {reader.seen!r} where it should end, or join with and, or")
    return rule


def _tokens(text: str) -> list[tuple[str, str]]:
    found, place = [], 0
    while text[place:].strip():
        match = _TOKEN.match(text, place)
        if match is None:
            raise RuleError(f"has {text[place:].split(maxsplit=1)[0]!r}, which no rule is made of")
        kind = str(match.lastgroup)
        found.append((kind, match[kind]))
        place = match.end()
    return found


class _Reader:
    """A place in the tokens of a rule; one method for each line of the grammar."""

    def __init__(self, tokens: list[tuple[str, str]]) -> None:
        self._tokens = [*tokens, ("", "its end")]
        self._at = 0

    @property
    def kind(self) -> str:
        """What kind of token comes next; empty at the end."""
        return self._tokens[self._at][0]

    @property
    def seen(self) -> str:
        """The token that comes next, as it is written."""
        return self._tokens[self._at][1]

    def rule(self) -> Rule:
        return self._joined("or", lambda: self._joined("and", self._factor))

    def _joined(self, word: str, part: Callable[[], Rule]) -> Rule:
        rules = [part()]
        while self._takes(word):
            rules.append(part())
        return rules[0] if len(rules) == 1 else Joined(tuple(rules), word)

    def _factor(self) -> Rule:
        if self._takes("not"):
            return Not(self._factor())
        if self._takes("("):
            rule = self.rule()
            self._wants(")")
            return rule
        return self._comparison()

    def _comparison(self) -> Rule:
        measure = self._measure()
        if self.kind == "sign":
            sign, literal = self._next(), self._literal()
            if isinstance(literal, float):
                return Compared(measure, sign, literal)
            return self._equal(measure, sign, literal)
        if measure.of:
            raise RuleError(f"needs a comparison behind {measure}, such as {measure} < 40")
        is_negated = self._takes("not")
        if self._takes("in"):
            rule: Rule = OneOf(measure.column, self._texts())
        elif self._takes("contains"):
            rule = self._contains(measure.column)
        else:
            raise RuleError(
                f"has {self.seen!r} behind {measure}; "
                "use one of <, <=, >, >=, ==, !=, in, contains there"
            )
        return Not(rule) if is_negated else rule

    def _measure(self) -> Measure:
        if self.kind == "column":
            return Measure(self._next()[1:-1])
        if self.kind != "word" or self.seen in _JOINS:
            raise RuleError(f"has {self.seen!r} where a column, or len(COLUMN), should stand")
        name = self._next()
        if not self._takes("("):
            return Measure(name)
        if name not in ("len", "words"):
            raise RuleError(f"has the function {name!r}; len and words are the only ones")
        inner = []
        while self.kind in ("word", "column"):
            inner.append(self._next().strip("`"))
        if not inner:
            raise RuleError(f"needs a column in {name}(...), and has {self.seen!r}")
        self._wants(")")
        return Measure(" ".join(inner), name)

    def _equal(self, measure: Measure, sign: str, text: str) -> Rule:
        if measure.of:
            raise RuleError(f"compares {measure}, a number, with a text")
        if sign not in ("==", "!="):
            raise RuleError(f"orders texts by {sign}; only numbers have an order here")
        rule = OneOf(measure.column, frozenset({text}))
        return rule if sign == "==" else Not(rule)

    def _contains(self, column: str) -> Rule:
        literal = self._literal()
        words = spaced_words(literal) if isinstance(literal, str) else ""
        if not words.strip():
            raise RuleError("has nothing to look for behind contains; write a word in quotes")
        return Contains(column, words)

    def _texts(self) -> frozenset[str]:
        self._wants("[")
        texts = {self._written()}
        while self._takes(","):
            texts.add(self._written())
        self._wants("]")
        return frozenset(texts)

    def _written(self) -> str:
        """A literal as a column would hold it."""
        literal = self._literal()
        return f"{literal:g}" if isinstance(literal, float) else literal

    def _literal(self) -> Literal:
        if self.kind == "number":
            return float(self._next())
        if self.kind == "text":
            return self._next()[1:-1]
        raise RuleError(f"has {self.seen!r} where a number, or a text in quotes, should stand")

    def _takes(self, token: str) -> bool:
        if self.kind in ("word", "mark") and self.seen == token:
            self._at += 1
            return True
        return False

    def _wants(self, token: str) -> None:
        if not self._takes(token):
            raise RuleError(f"has {self.seen!r} where {token!r} should stand")

    def _next(self) -> str:
        found = self.seen
        self._at += 1
        return found
