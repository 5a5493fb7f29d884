"""From pydantic's list of errors to problems that a person can act on.

pydantic reports one error per member of a union and names the member in the path. Here each value
gets one problem: paths are cut back to what stands in the file, and a union's errors are merged.
"""

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic_core import ErrorDetails

from specs.fields import all_fields, section_at
from specs.gates import DATE_PATTERN
from specs.monitoring import PERIOD_PATTERN
from specs.names import MODEL_NAME_PATTERN
from specs.problems import Loc, Problem, dotted, nearest, suggest
from specs.wording import EXPECTED, describe, repair

_LIMITS = {
    "greater_than": ("gt", "greater than"),
    "greater_than_equal": ("ge", "at least"),
    "less_than": ("lt", "less than"),
    "less_than_equal": ("le", "at most"),
}
_EXAMPLES = {
    "apiVersion": "apiVersion: trueup/v1",
    "kind": "kind: Model",
    "metadata": "metadata: {name: my-model}",
    "metadata.name": "name: my-model",
    "spec.task": "task: text-classification",
    "spec.base": "base: {model: sentence-transformers/all-MiniLM-L6-v2}",
    "spec.base.model": "model: sentence-transformers/all-MiniLM-L6-v2",
    "spec.data": "data: {train: data/train.csv, test: data/test.csv}",
    "spec.data.train": "train: data/train.csv",
    "spec.data.test": "test: data/test.csv",
}


@dataclass(frozen=True)
class _Found:
    """One of pydantic's errors, at a path that exists in the file."""

    loc: Loc
    in_union: bool
    details: ErrorDetails

    @property
    def type(self) -> str:
        return self.details["type"]


def problems_of(errors: Sequence[ErrorDetails], value: Any) -> list[Problem]:
    """Turn pydantic's errors about ``value`` into one problem per place."""
    by_loc: dict[Loc, list[_Found]] = defaultdict(list)
    for details in errors:
        found = _locate(details, value)
        by_loc[found.loc].append(found)
    return [
        _problem(found)
        for loc, found in by_loc.items()
        if not (found[0].in_union and any(_is_below(other, loc) for other in by_loc))
    ]


def _locate(details: ErrorDetails, value: Any) -> _Found:
    """Cut the names of union members out of pydantic's path."""
    loc: list[str | int] = []
    in_union = False
    for part in details["loc"]:
        is_item = isinstance(value, list) and isinstance(part, int)
        if is_item or (isinstance(value, Mapping) and part in value):
            value = value[part]
        elif details["type"] != "missing" or part != details["loc"][-1]:
            in_union = True
            continue
        loc.append(part)
    return _Found(tuple(loc), in_union, details)


def _is_below(loc: Loc, parent: Loc) -> bool:
    return len(loc) > len(parent) and loc[: len(parent)] == parent


def _problem(found: list[_Found]) -> Problem:
    """Choose the error that says most about this value."""
    first = found[0]
    if first.type == "missing":
        return _missing(first.loc)
    if any(one.type == "extra_forbidden" for one in found):
        return _unknown_field(first.loc)
    for one in found:
        if one.type == "literal_error" and isinstance(one.details["input"], str):
            return _bad_choice(one)
    for one in found:
        if one.type not in EXPECTED and one.type != "literal_error":
            return _bad_value(one)
    return _wrong_type(found)


def _missing(loc: Loc) -> Problem:
    example = _EXAMPLES.get(dotted(loc))
    return Problem(loc, f"{loc[-1]} is missing", f"add for example {example}" if example else None)


def _unknown_field(loc: Loc) -> Problem:
    name = str(loc[-1])
    section = section_at(loc[:-1])
    known = list(section.model_fields) if section is not None else []
    sure = nearest(name, known, likeness=0.75)
    elsewhere = [field.name for field in all_fields() if field.name.rpartition(".")[2] == name]
    if sure is None and len(elsewhere) == 1:
        fix = f"it belongs at {elsewhere[0]}"
    else:
        fix = suggest(name, known, otherwise="fields here")
    return Problem(loc, f"unknown field {name!r}", fix, at_key=True)


def _bad_choice(found: _Found) -> Problem:
    value = found.details["input"]
    choices = _choices(found)
    text = f"{value!r} is not one of {', '.join(choices)}"
    match = nearest(value, choices)
    return Problem(found.loc, text, f"did you mean {match!r}?" if match else None)


def _choices(found: _Found) -> list[str]:
    return re.findall(r"'([^']*)'", found.details["ctx"]["expected"])


def _bad_value(found: _Found) -> Problem:
    """A value of the right type that breaks a rule of its own field."""
    details = found.details
    context = details.get("ctx", {})
    if found.type in _LIMITS:
        key, words = _LIMITS[found.type]
        return Problem(found.loc, f"must be {words} {context[key]:g}, not {details['input']:g}")
    if found.type == "string_pattern_mismatch":
        return _bad_pattern(found.loc, details["input"], context["pattern"])
    if found.type == "finite_number":
        return Problem(found.loc, "must be a finite number")
    message = str(context.get("error", details["msg"]))
    return Problem(found.loc, message, context.get("fix"))


def _bad_pattern(loc: Loc, value: str, pattern: str) -> Problem:
    if pattern == MODEL_NAME_PATTERN:
        words = "is not a name: lower-case letters, digits and inner hyphens, at most 63"
        name = re.sub(r"[^a-z0-9]+", "-", value.lower())[:63].strip("-")
        return Problem(loc, f"{value!r} {words}", f"try {name!r}" if name else None)
    if pattern == DATE_PATTERN:
        return Problem(loc, f"{value!r} is not a day", "write it as 2026-12-31")
    assert pattern == PERIOD_PATTERN, "each pattern has its words here"
    fix = "write hours, days or weeks: 12h, 30d, 4w"
    return Problem(loc, f"{value!r} is not a period", fix)


def _wrong_type(found: list[_Found]) -> Problem:
    value = found[0].details["input"]
    expected = " or ".join(
        "one of " + ", ".join(_choices(one)) if one.type == "literal_error" else EXPECTED[one.type]
        for one in found
    )
    text = f"expected {expected}, found {describe(value)}"
    return Problem(found[0].loc, text, repair(found[0].type, value) if len(found) == 1 else None)
