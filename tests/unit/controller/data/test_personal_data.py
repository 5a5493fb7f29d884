"""Personal data by pattern."""

import pytest

from controller.data.personal_data import find_personal_data, has_luhn, kinds_in


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("write to ann.lee+x@mail.example.com please", ["email"]),
        ("call +49 30 1234567", ["phone"]),
        ("call (030) 123-45678 now", ["phone"]),
        ("my card 4111 1111 1111 1111 is lost", ["card"]),
        ("4111111111111111", ["card"]),
        ("mail a@b.co or call 030-1234-5678", ["email", "phone"]),
        pytest.param("card 4111 1111 1111 1112", [], id="a wrong check digit is no card"),
        pytest.param("order 1234567890", [], id="an ungrouped number"),
        pytest.param("on 2024-01-31 10:15:20", [], id="a date"),
        pytest.param("1 2 3 4 5 6 7 8 9", [], id="counting"),
        pytest.param("I paid 1250.00 in 3 parts", [], id="an amount"),
        pytest.param("@mention and price@home", [], id="an at sign"),
        pytest.param("nothing here", [], id="nothing"),
    ],
)
def test_kinds_are_told_apart(text, kinds):
    assert kinds_in(text) == kinds


def test_rows_are_named_by_kind():
    found = find_personal_data([(1, "a@b.co"), (2, "nothing"), (9, "c@d.org")])

    assert found == {"email": [1, 9], "phone": [], "card": []}


@pytest.mark.parametrize(("number", "valid"), [("79927398713", True), ("79927398710", False)])
def test_luhn_is_the_published_check(number, valid):
    assert has_luhn(number) is valid
