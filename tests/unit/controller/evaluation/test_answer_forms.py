"""Whether an answer has the form that a spec wants, whatever a model writes."""

import json
import time

import pytest

from controller.errors import EvaluationError
from controller.evaluation.answer_forms import pattern_check, schema_check
from specs.patterns import why_no_pattern

SCHEMA = {
    "type": "object",
    "required": ["order"],
    "additionalProperties": False,
    "properties": {"order": {"type": "string", "pattern": "^([A-Z]+)+-[0-9]+$"}},
}


def check(schema):
    return schema_check(json.dumps(schema).encode(), path="schemas/answer.json")


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        pytest.param('{"order": "AB-12"}', True, id="allowed"),
        pytest.param(' {"order": "AB-12"}\n', True, id="space around"),
        pytest.param('{"order": "12"}', False, id="another pattern"),
        pytest.param('{"order": "AB-12", "x": 1}', False, id="one field more"),
        pytest.param('The order is {"order": "AB-12"}', False, id="words around"),
        pytest.param("", False, id="nothing"),
        pytest.param("NaN", False, id="no JSON"),
        pytest.param("[" * 100_000, False, id="too deep"),
    ],
)
def test_an_answer_is_valid_when_it_is_json_that_the_schema_allows(answer, expected):
    assert check(SCHEMA)(answer) is expected


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        pytest.param(b"{", "is no JSON", id="no JSON"),
        pytest.param(b'{"type": "sting"}', "is no JSON schema, at type", id="no schema"),
        pytest.param(b'{"$ref": "http://x/y.json"}', "only its own parts", id="another file"),
        pytest.param(b'{"items": {"pattern": "(?=a)"}}', "linear time", id="look-around"),
        pytest.param(b'{"patternProperties": {"a": {}}}', "patternProperties", id="names"),
    ],
)
def test_a_schema_that_cannot_be_used_is_named(content, problem):
    with pytest.raises(EvaluationError, match=problem) as refused:
        schema_check(content, path="schemas/answer.json")

    assert str(refused.value).startswith("schemas/answer.json")


def test_parts_of_a_schema_may_refer_to_each_other():
    is_valid = check({"$ref": "#/$defs/n", "$defs": {"n": {"type": "integer"}}})

    assert is_valid("3")
    assert not is_valid('"3"')


def test_no_answer_keeps_a_pattern_busy():
    matches = pattern_check("^(a+)+$")
    started = time.process_time()

    assert not matches("a" * 20_000 + "b")
    assert time.process_time() - started < 1


def test_a_pattern_is_found_anywhere_unless_it_says_otherwise():
    assert pattern_check("[A-Z]{2}-[0-9]+")("your order AB-12 was sent")
    assert not pattern_check("^[A-Z]{2}-[0-9]+$")("your order AB-12 was sent")


def test_a_pattern_that_needs_backtracking_is_refused():
    assert why_no_pattern(r"(a)\1") is not None
    assert why_no_pattern("(") is not None
    assert why_no_pattern("[0-9]+") is None
