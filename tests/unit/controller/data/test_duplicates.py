"""Same and nearly same texts."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rapidfuzz import fuzz

from controller.data import duplicates
from controller.data.duplicates import (
    SIMILARITY,
    _likely_pairs,
    conflicts,
    near_twins,
    repeats,
    work_of,
)
from controller.data.folding import folded, normalised


def test_white_space_is_no_difference():
    assert normalised(" a \n b\t") == "a b"


def test_case_punctuation_and_width_are_no_difference():
    assert folded("Where's my \uff23ARD?!") == folded("where s my card")


@pytest.mark.parametrize(
    ("text", "other"),
    [("की", "का"), ("😀", "😢"), ("???", "!!!"), ("C", "C++"), ("5 £", "5 $")],
    ids=["vowel marks", "emoji", "only punctuation", "signs", "currencies"],
)
def test_what_carries_meaning_is_a_difference_in_any_script(text, other):
    assert folded(text) != folded(other)


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


@settings(max_examples=50)
@given(texts=st.lists(WORDS.map(" ".join), max_size=20), known=st.integers(0, 20))
def test_candidates_are_verified_and_the_same_texts_are_always_met(texts, known):
    near = set(_likely_pairs(texts, known))

    assert all(is_near(texts[later], texts[earlier]) for later, earlier in near)
    twice = {index for index, text in enumerate(texts) if text in texts[:index]}
    assert twice <= {later for later, _ in near}


def test_a_held_out_text_meets_its_training_twin_behind_any_number_of_held_out_ones():
    texts = ["where is my new card", *["where is my new car"] * 50]

    found = {later: earlier for later, earlier in _likely_pairs(texts, 1) if earlier == 0}

    assert set(found) == set(range(1, 51))


def is_near(text: str, other: str) -> bool:
    words, others = text.split(), other.split()
    reordered = len(words) >= 4 and sorted(words) == sorted(others)
    greeted = any(
        longer[extra:] == shorter
        for longer, shorter in ((words, others), (others, words))
        for extra in (1, 2, 3)
        if len(shorter) >= 4
    )
    return fuzz.ratio(text, other) >= SIMILARITY or reordered or greeted


@pytest.mark.parametrize(
    ("text", "twin", "is_near"),
    [
        ("my card is lost", "is my card lost", True),
        ("hi there please my card is lost", "my card is lost", True),
        ("i think that maybe my card is lost", "my card is lost", False),
        ("hi lost card", "lost card", False),
    ],
    ids=["reordered", "greeted", "more than a greeting", "too short to be the same"],
)
def test_other_orders_and_greetings_are_near_twins(text, twin, is_near):
    assert (near_twins([text, twin]) == {1: 0}) is is_near


@pytest.mark.parametrize("most_work", [1, 10**12], ids=["minhash", "all pairs"])
def test_planted_typos_are_found_among_many_texts(monkeypatch, most_work):
    monkeypatch.setattr(duplicates, "MAX_WORK", most_work)
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
    assert work_of([*short, *long]) < 1.25 * (work_of(short) + work_of(long))
