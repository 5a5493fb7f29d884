"""Runs of letters and words as numbers, against the plain way of cutting them."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from controller.data.overlap import known_passages
from controller.data.shingles import Letters

TEXTS = st.lists(
    st.lists(st.sampled_from(["a", "bc", "dé", "\U0001d518x"]), max_size=6).map(" ".join)
)


def by_text(shingles):
    rows = shingles.rows.tolist()
    found = [[] for _ in shingles.counts]
    for row, number in zip(rows, shingles.hashes.tolist(), strict=True):
        found[row].append(number)
    return found


def pattern(runs):
    """Write runs as numbers by first appearance: equal patterns, equal runs."""
    seen = {}
    return [[seen.setdefault(run, len(seen)) for run in text] for text in runs]


@settings(max_examples=50)
@given(texts=TEXTS, size=st.integers(2, 5))
def test_runs_of_letters_are_those_of_each_text_alone(texts, size):
    padded = [f" {text} ".ljust(3) for text in texts]
    plain = [[text[at : at + size] for at in range(len(text) - size + 1)] for text in padded]

    assert pattern(by_text(Letters.of(texts).runs(size))) == pattern(plain)


@settings(max_examples=50)
@given(texts=TEXTS, size=st.integers(1, 3))
def test_runs_of_words_are_those_of_each_text_alone(texts, size):
    words = [text.split() for text in texts]
    plain = [[tuple(some[at : at + size]) for at in range(len(some) - size + 1)] for some in words]

    assert pattern(by_text(Letters.of(texts).words(size))) == pattern(plain)


def test_an_ideograph_is_a_word():
    assert Letters.of(["我的卡 is lost"]).words(1).counts.tolist() == [5]


def story(start, words=60):
    return " ".join(f"w{number}" for number in range(start, start + words))


@pytest.mark.parametrize(
    ("text", "known"),
    [
        pytest.param(f"an own start and then {story(0)}", {0: 1}, id="behind other words"),
        pytest.param(f"{story(0, 45)} {story(500, 15)}", {0: 1}, id="most of it"),
        pytest.param(f"{story(0, 25)} {story(500, 40)}", {}, id="a part of it"),
        pytest.param(story(0, 20), {}, id="too short to tell"),
    ],
)
def test_a_text_of_known_passages_is_known(text, known):
    assert known_passages([text], [story(900), story(0), story(0, 30)]) == known


def test_a_template_that_many_rows_have_says_nothing():
    training = [f"{story(0)} {story(1000 + 100 * row)}" for row in range(30)]
    fresh, leaked = f"{story(0)} {story(9000)}", f"{story(0)} {story(1500)}"

    assert known_passages([fresh, leaked], training) == {1: 5}
