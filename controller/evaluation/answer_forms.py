"""What form a generated answer must have: a pattern, or a JSON schema. Pure.

Answers are written by a model, and patterns by a person in a repository: with a backtracking engine
one answer could keep the evaluation busy for years. So patterns are matched by RE2, in time linear
in the answer; it has no look-around and no back-references, and refuses them.
"""

import json
from collections.abc import Callable, Iterator
from typing import Any

import re2
from jsonschema import validators
from jsonschema.exceptions import SchemaError, ValidationError
from jsonschema.protocols import Validator
from referencing import Registry

from controller.errors import EvaluationError
from specs.patterns import QUIET, why_no_pattern

Check = Callable[[str], bool]
"""A generated answer → whether it has the form."""


def pattern_check(pattern: str) -> Check:
    """Whether ``pattern`` is found in an answer; ``^...$`` makes it the whole answer."""
    compiled = re2.compile(pattern, QUIET)
    return lambda answer: compiled.search(answer) is not None


def schema_check(content: bytes, *, path: str) -> Check:
    """Whether an answer is JSON, and nothing else, that the schema in ``content`` allows.

    Raises:
        EvaluationError: It is no JSON schema, or one that reads other files or needs backtracking.
    """
    schema = _read_schema(content, path)
    validator = _validator(schema)

    def is_valid(answer: str) -> bool:
        try:
            value = json.loads(answer, parse_constant=_refuse_constant)
            return bool(validator.is_valid(value))
        except (ValueError, RecursionError):
            return False

    return is_valid


def _read_schema(content: bytes, path: str) -> Any:
    try:
        schema = json.loads(content)
        validators.validator_for(schema, default=validators.Draft202012Validator).check_schema(
            schema
        )
    except (ValueError, RecursionError) as error:
        raise _no_schema(path, f"is no JSON: {error}") from error
    except SchemaError as error:
        where = "/".join(map(str, error.absolute_path)) or "its top"
        raise _no_schema(path, f"is no JSON schema, at {where}: {error.message}") from error
    for reference in _values(schema, "$ref"):
        if isinstance(reference, str) and not reference.startswith("#"):
            raise _no_schema(path, f"refers to {reference!r}; only its own parts (#/...) are read")
    for pattern in _values(schema, "pattern"):
        problem = why_no_pattern(pattern) if isinstance(pattern, str) else None
        if problem is not None:
            raise _no_schema(path, f"has the pattern {pattern!r}, which {problem}")
    if any(_values(schema, "patternProperties")):
        # jsonschema matches those itself, by backtracking.
        raise _no_schema(path, "has patternProperties, which cannot be matched in linear time")
    return schema


def _validator(schema: Any) -> Validator:
    kind = validators.validator_for(schema, default=validators.Draft202012Validator)
    linear = validators.extend(kind, {"pattern": _match_string})
    # A registry of its own: jsonschema would ask the network for what it does not know.
    return linear(schema, registry=Registry())


def _match_string(
    _validator: Validator, pattern: str, value: Any, _schema: Any
) -> Iterator[ValidationError]:
    if isinstance(value, str) and re2.search(pattern, value, QUIET) is None:
        yield ValidationError(f"{value!r} does not match {pattern!r}")


def _values(schema: Any, key: str) -> Iterator[Any]:
    """Every value of ``key``, at any depth."""
    parts = schema.values() if isinstance(schema, dict) else schema
    if isinstance(schema, dict) and key in schema:
        yield schema[key]
    if isinstance(schema, dict | list):
        for part in parts:
            yield from _values(part, key)


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")


def _no_schema(path: str, problem: str) -> EvaluationError:
    return EvaluationError(
        f"{path} {problem}",
        reason="BadJsonSchema",
        fix="mend the schema: https://json-schema.org/understanding-json-schema",
    )
