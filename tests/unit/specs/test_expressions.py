"""Slice families: a column or a rule, parsed and never evaluated."""

import pytest

from specs.expressions import ExpressionError, parse_expression


def test_a_word_is_a_column_whose_values_are_the_slices():
    parsed = parse_expression("channel")

    assert parsed.columns == ("channel",)
    assert parsed.value_of({"channel": "email", "text": "x"}) == "email"


def test_a_column_may_have_spaces_in_its_name():
    assert parse_expression(" sales channel ").columns == ("sales channel",)


@pytest.mark.parametrize(
    ("expression", "of_three", "of_four"),
    [
        ("len(text) < 4", "true", "false"),
        ("len(text) <= 3", "true", "false"),
        ("len(text) > 3", "false", "true"),
        ("len(text) >= 4", "false", "true"),
        ("len(text) == 3", "true", "false"),
        ("  len( text )<4  ", "true", "false"),
    ],
)
def test_a_rule_compares_the_characters_of_a_text(expression, of_three, of_four):
    parsed = parse_expression(expression)

    assert parsed.columns == ("text",)
    assert parsed.value_of({"text": "für"}) == of_three
    assert parsed.value_of({"text": "fünf"}) == of_four


def test_a_column_that_a_row_does_not_have_is_the_callers_mistake():
    with pytest.raises(KeyError, match="channel"):
        parse_expression("channel").value_of({"text": "x"})


WRONG = {
    "": "names no column",
    "   ": "names no column",
    "len(text) < 4 and len(text) > 2": "joins rules",
    "len(text) < 4 | channel": "joins rules",
    "len(text) != 4": "has no comparison that is known",
    "len(text) = 4": "has no comparison that is known",
    "text < 4": "is not a rule that is known",
    "__import__('os')": "is not a rule that is known",
    "len(text)": "is not a rule of the form",
    "len(text) < four": "is not a rule of the form",
    "len(text) < -4": "is not a rule of the form",
    "len() < 4": "is not a rule of the form",
    "len(len(text)) < 4": "is not a rule of the form",
    "len(text) < 10000000000": "is not a rule of the form",
}


@pytest.mark.parametrize(("expression", "problem"), WRONG.items())
def test_everything_else_is_an_error_that_says_why(expression, problem):
    with pytest.raises(ExpressionError, match=problem) as raised:
        parse_expression(expression)

    assert raised.value.fix == 'name a column, or write a rule like "len(text) < 40"'
