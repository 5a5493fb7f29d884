"""Generated answers against the right ones."""

import pytest

from controller.evaluation.answers import is_exact_match, token_f1


def test_white_space_does_not_make_an_answer_wrong():
    assert is_exact_match(" refund\n the order ", "refund the order")
    assert not is_exact_match("Refund the order", "refund the order")


@pytest.mark.parametrize(
    ("generated", "wanted", "expected"),
    [
        pytest.param("the card was lost", "the card was lost", 1.0, id="same"),
        pytest.param("lost card", "card lost", 1.0, id="other order"),
        pytest.param("The Card", "the card", 1.0, id="other case"),
        pytest.param("card", "the lost card", 0.5, id="a part"),
        pytest.param("card card card", "card", 0.5, id="repeated words count once"),
        pytest.param("", "card", 0.0, id="nothing said"),
        pytest.param("", "", 1.0, id="nothing to say"),
    ],
)
def test_token_f1_is_the_overlap_of_words(generated, wanted, expected):
    assert token_f1(generated, wanted) == pytest.approx(expected)
