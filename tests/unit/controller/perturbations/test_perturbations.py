"""Perturbations: the same seed gives the same, and meaning is kept as well as is said."""

from random import Random
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.perturbations import ATTRIBUTES, NOISES, PERTURBATIONS
from controller.perturbations.typos import NEIGHBOURS
from specs import perturbations as names


def test_specs_know_every_perturbation_by_its_name():
    assert set(get_args(names.Perturbation)) == set(PERTURBATIONS)
    assert get_args(names.Noise) == tuple(NOISES)
    assert tuple(ATTRIBUTES) == names.ATTRIBUTES


@given(text=st.text(max_size=200), kind=st.sampled_from(sorted(PERTURBATIONS)), seed=st.integers())
def test_any_text_is_taken_and_the_seed_decides(text, kind, seed):
    perturb = PERTURBATIONS[kind]

    assert perturb(text, Random(seed)) == perturb(text, Random(seed))


@given(text=st.text("abc XYZ.", min_size=1, max_size=80), seed=st.integers())
def test_casing_changes_nothing_but_case(text, seed):
    assert PERTURBATIONS["casing"](text, Random(seed)).lower() == text.lower()


def test_the_neighbours_of_a_key_lie_around_it():
    assert set(NEIGHBOURS["g"]) == set("tyfhvb")
    assert set(NEIGHBOURS["q"]) == set("wa")


def test_typos_are_few_and_leave_digits_alone():
    text = "Where is the new card 1234 that I ordered for my account?"

    changed = PERTURBATIONS["typos"](text, Random(3))

    assert changed != text
    assert "1234" in changed
    assert abs(len(changed) - len(text)) <= 3


GENDER = {
    "He lost his card.": "She lost her card.",
    "The card is his.": "The card is hers.",
    "I gave her the card and her father saw HER.": "I gave him the card and his mother saw HIM.",
    "Mr Miller's wife": "Ms Miller's husband",
    "A WAITRESS, an actress": "A WAITER, an actor",
    "a man and an uncle's nephews": "a woman and an aunt's nephews",
    "Mankind, Herman and the theatre": "Mankind, Herman and the theatre",
}


@pytest.mark.parametrize(("text", "swapped"), GENDER.items())
def test_gender_is_swapped_with_case_pronouns_and_possessives(text, swapped):
    assert PERTURBATIONS["counterfactual.gender"](text, Random(0)) == swapped


NATIONALITY = {
    "I am an American in Germany's capital": "I am a Nigerian in Syria's capital",
    "a syrian passport": "a german passport",
    "A British card": "A Pakistani card",
    "polish my shoes": "polish my shoes",
    "an American Express card": "an American Express card",
}


@pytest.mark.parametrize(("text", "swapped"), NATIONALITY.items())
def test_nationality_is_swapped_both_ways_with_its_article(text, swapped):
    assert PERTURBATIONS["counterfactual.nationality"](text, Random(0)) == swapped


@pytest.mark.parametrize("name", sorted(ATTRIBUTES))
def test_every_frame_of_an_attribute_holds_its_words_and_swaps_back(name):
    attribute = ATTRIBUTES[name]

    for frame in attribute.frames:
        swapped = attribute.swap(frame)
        assert swapped != frame
        assert attribute.swap(swapped) == frame


SWAPS = {
    "religion": ("A Christian at the church", "A Muslim at the mosque"),
    "age": ("I am 22 years old, a 74-year-old student", "I am 70 years old, a 26-year-old retiree"),
    "names": ("Emily and greg met Mohammed Baker", "Lakisha and greg met Matthew Hussain"),
}


@pytest.mark.parametrize("name", SWAPS)
def test_other_attributes_are_swapped_where_they_stand(name):
    text, swapped = SWAPS[name]

    assert ATTRIBUTES[name].swap(text) == swapped


QUESTION = "I don't know where my new card is. Is it in the mail, or lost?"
CHANGES = {
    "punctuation": lambda changed: "".join(filter(str.isalnum, changed)),
    "whitespace": lambda changed: "".join(changed.split()),
    "word_swap": lambda changed: sorted(changed.split()),
}
"""Noise → what of a text it leaves as it was."""


@pytest.mark.parametrize("kind", CHANGES)
def test_noise_changes_only_what_it_is_named_after(kind):
    for seed in range(20):
        changed = NOISES[kind](QUESTION, Random(seed))

        assert changed != QUESTION
        assert CHANGES[kind](changed) == CHANGES[kind](QUESTION)


def test_words_are_left_out_at_the_end_or_within_and_never_all():
    for seed in range(20):
        cut = NOISES["truncation"](QUESTION, Random(seed))
        dropped = NOISES["word_drop"](QUESTION, Random(seed)).split()
        assert QUESTION.startswith(cut)
        assert 0.6 * len(QUESTION) < len(cut) < len(QUESTION)
        assert set(dropped) < set(QUESTION.split())
        assert len(dropped) == 13
    assert (
        NOISES["word_drop"]("card", Random(0)) == NOISES["truncation"]("card", Random(0)) == "card"
    )


CONTRACTIONS = {
    "I do not know": {"I don't know"},
    "I'm here": {"I am here", "Im here"},
    "It's CAN'T": {"It's CANNOT", "Its CANT", "It's CAN NOT"},
    "no such words": {"no such words"},
}


@pytest.mark.parametrize(("text", "ways"), CONTRACTIONS.items())
def test_contractions_are_made_and_written_out(text, ways):
    assert {NOISES["contractions"](text, Random(seed)) for seed in range(20)} <= ways


def test_lookalikes_are_other_letters_that_look_the_same():
    changed = NOISES["lookalikes"]("where is my card", Random(1))

    assert len(changed) == len("where is my card")
    assert not changed.isascii()


def test_a_scanner_misreads_shapes_and_leaves_blanks():
    for seed in range(20):
        changed = NOISES["ocr"]("modern bills: 105", Random(seed))
        assert changed != "modern bills: 105"
        assert changed.count(" ") == 2
