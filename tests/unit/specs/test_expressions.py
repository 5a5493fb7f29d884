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


ROW = {"text": "Why was my ATM fee so high?", "channel": "email", "amount": "12.5", "a b": "x"}


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ('channel == "email"', "true"),
        ("channel != 'email'", "false"),
        ('channel in ["chat", "email"]', "true"),
        ('channel not in ["chat", "email"]', "false"),
        ("amount >= 12.5", "true"),
        ("amount in [12.5, 13]", "true"),
        ("channel < 4", "false"),
        ("channel != 4", "true"),
        ("words(text) == 7", "true"),
        ('text contains "atm fee"', "true"),
        ('text contains "at"', "false"),
        ('text not contains "fee"', "false"),
        ('`a b` == "x"', "true"),
        ('not channel == "email"', "false"),
        ('amount > 20 or channel == "email" and len(text) < 40', "true"),
        ('(amount > 20 or channel == "email") and len(text) > 40', "false"),
    ],
)
def test_a_rule_asks_about_columns_lengths_and_words(expression, value):
    assert parse_expression(expression).value_of(ROW) == value


def test_a_rule_needs_all_of_its_columns_whatever_the_first_ones_say():
    parsed = parse_expression('channel == "email" or district == "north"')

    assert parsed.columns == ("channel", "district")
    with pytest.raises(KeyError, match="district"):
        parsed.value_of(ROW)


WRONG = {
    "": "names no column",
    "   ": "names no column",
    "len(text) < 4 | channel": r"has '\|', which no rule is made of",
    "len(text) < 4 len(text) > 2": "goes on with 'len' where it should end",
    "len(text) = 4": "has '=', which no rule is made of",
    'text < "b"': "orders texts by <",
    'len(text) == "b"': "compares len\\(text\\), a number, with a text",
    "__import__('os')": "has the function '__import__'",
    "len(text)": "needs a comparison behind len",
    "len(text) < four": "has 'four' where a number, or a text in quotes, should stand",
    "len() < 4": r"needs a column in len\(...\), and has '\)'",
    "len(len(text)) < 4": r"has '\(' where '\)' should stand",
    "(len(text) < 4": r"has 'its end' where '\)' should stand",
    'and == "x"': "has 'and' where a column",
    "channel in []": "has ']' where a number",
    'text contains "?!"': "has nothing to look for",
    "len(text) < " + "9" * 500: "is longer than 500 characters",
    'channel "email" == "x"': "has '\"email\"' behind channel; use one of",
}


@pytest.mark.parametrize(("expression", "problem"), WRONG.items())
def test_everything_else_is_an_error_that_says_why(expression, problem):
    with pytest.raises(ExpressionError, match=problem) as raised:
        parse_expression(expression)

    assert raised.value.fix == 'name a column, or write a rule like "len(text) < 40"'
