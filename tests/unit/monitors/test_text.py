import pytest

from monitors.text import unknown_ratio, unknown_words, vocabulary_of, words

KNOWN = frozenset({"my", "card", "is", "lost"})


def test_words_are_lower_case_and_without_punctuation():
    assert words("My card's LOST, öffne!") == ["my", "card", "s", "lost", "öffne"]


def test_a_vocabulary_is_cut_as_texts_are():
    vocabulary = vocabulary_of(["Card's", "lost"])

    assert vocabulary == {"card", "s", "lost"}


@pytest.mark.parametrize(
    ("text", "ratio"),
    [("my card", 0), ("my Karte", 0.5), ("meine Karte", 1), ("", 0), ("?!", 0), ("卡丢了", 1)],
    ids=["known", "half", "foreign", "empty", "no words", "no spaces"],
)
def test_the_share_of_unknown_words(text, ratio):
    assert unknown_ratio(text, KNOWN) == ratio


def test_unknown_words_keep_their_order():
    assert unknown_words("lost zebra my apple", KNOWN) == ["zebra", "apple"]
