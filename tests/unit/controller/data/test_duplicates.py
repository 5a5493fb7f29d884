"""Same and nearly same texts."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rapidfuzz import fuzz

from controller.data.duplicates import (
    SIMILARITY,
    conflicts,
    folded,
    near_matches,
    near_twins,
    normalised,
    repeats,
    work_of,
)


def test_white_space_is_no_difference():
    assert normalised(" a \n b\t") == "a b"


def test_case_punctuation_and_width_are_no_difference():
    assert folded("Where's my \uff23ARD?!") == folded("where s my card")


def test_a_repeat_points_to_where_it_stood_first():
    assert repeats(["a", "b", "a", "a"]) == {2: 0, 3: 0}


def test_a_conflict_is_one_text_with_several_labels():
    assert conflicts(["a", "b", "a", "b"], ["x", "x", "y", "x"]) == {"a": [0, 2]}


@pytest.mark.parametrize(
    ("text", "twin", "is_near"),
    [
        pytest.param("when will my card arrive", "when will my cart arrive", True, id="typo"),
        pytest.param("when will my card arrive", "when will my card arive", True, id="one less"),
        pytest.param("my card is lost", "my refund is late", False, id="other words"),
        pytest.param("card", "a much longer text with card", False, id="a part"),
    ],
)
def test_near_twins_differ_by_little(text, twin, is_near):
    assert (near_twins([text, twin]) == {1: 0}) is is_near


def test_a_twin_points_to_the_earliest_one():
    texts = ["how do I top up", "other", "how do I top up!", "how do I top up?"]

    assert near_twins(texts) == {2: 0, 3: 0}


WORDS = st.lists(st.sampled_from(["card", "lost", "top", "refund", "my", "a"]), max_size=8)


@given(st.lists(WORDS.map(" ".join), max_size=15))
def test_twins_are_those_of_all_pairs(texts):
    expected = {
        index: next(place for place in range(index) if is_near(text, texts[place]))
        for index, text in enumerate(texts)
        if any(is_near(text, texts[place]) for place in range(index))
    }

    assert near_twins(texts) == expected


@given(mine=st.lists(WORDS.map(" ".join), max_size=12), theirs=st.lists(WORDS.map(" ".join)))
def test_no_pair_is_missed_by_looking_at_like_lengths_only(mine, theirs):
    expected = {
        index: next(place for place, other in enumerate(theirs) if is_near(text, other))
        for index, text in enumerate(mine)
        if any(is_near(text, other) for other in theirs)
    }

    assert near_matches(mine, theirs) == expected


def is_near(text: str, other: str) -> bool:
    return fuzz.ratio(text, other) >= SIMILARITY


def test_planted_typos_are_found_among_many_texts():
    draw = random.Random(1)
    words = [f"word{index}" for index in range(300)]
    texts = [" ".join(draw.sample(words, 6)) for _ in range(1500)]
    planted = [text[:10] + text[11:] for text in texts[:100]]

    found = near_twins(texts + planted)

    assert all(found[1500 + index] == index for index in range(100))
    assert len(found) == 100


def test_work_grows_with_pairs_and_length_and_not_with_unlike_lengths():
    short, long = ["a" * 10] * 300, ["a" * 100] * 300

    assert work_of(short) < 300 * 300 * 10
    # Ten times the characters, in two machine words.
    assert work_of(long) == 20 * work_of(short)
    assert work_of(short, long) == 0
