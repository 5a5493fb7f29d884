"""Generated answers against the right ones."""

import pytest

from controller.evaluation.answers import chrf, is_exact_match, rouge_l, token_f1


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


PAIRS = [  # generated, wanted, sacrebleu 2.5's chrF2 of the sentence, rouge-score 0.1's rougeL
    ("the cat sat on the mat", "the cat is on the mat", 0.645779420625287, 5 / 6),
    (
        "Your parcel was sent on Monday.",
        "Your parcel left us on Monday.",
        0.6286752205783844,
        2 / 3,
    ),
    ("abc", "xyz", 0.0, 0.0),
    ("", "something", 0.0, 0.0),
    ("12", "123", 0.6363636363636362, 0.0),
    ("one two three four", "four three two one", 0.48279498279498284, 0.25),
    ("It’s here, now!", "its here now", 0.3924330405739747, 4 / 7),  # noqa: RUF001
    ("a", "a", 1.0, 1.0),
]


@pytest.mark.parametrize(("generated", "wanted", "character_score", "word_score"), PAIRS)
def test_scores_are_those_of_sacrebleu_and_rouge_score(
    generated, wanted, character_score, word_score
):
    assert chrf(generated, wanted) == pytest.approx(character_score)
    assert rouge_l(generated, wanted) == pytest.approx(word_score)


def test_words_of_every_script_count():
    assert rouge_l("Grüße aus Köln", "grüße aus Bonn") == pytest.approx(2 / 3)
    assert rouge_l("", "") == chrf(" ", "") == 1
