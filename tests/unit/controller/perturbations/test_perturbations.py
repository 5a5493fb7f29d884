"""Perturbations: the same seed gives the same, and meaning is kept as well as is said."""

from random import Random
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.perturbations import PERTURBATIONS
from controller.perturbations.typos import NEIGHBOURS
from specs.training import Perturbation


def test_specs_know_every_perturbation_by_its_name():
    assert set(get_args(Perturbation)) == set(PERTURBATIONS)


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
}


@pytest.mark.parametrize(("text", "swapped"), NATIONALITY.items())
def test_nationality_is_swapped_both_ways_with_its_article(text, swapped):
    assert PERTURBATIONS["counterfactual.nationality"](text, Random(0)) == swapped


@pytest.mark.parametrize(
    "text", ["He and the girls", "an Indian in England", "The Dutch king of Spain"]
)
def test_swapping_twice_gives_the_text_back(text):
    for kind in ("counterfactual.gender", "counterfactual.nationality"):
        perturb = PERTURBATIONS[kind]
        assert perturb(perturb(text, Random(0)), Random(0)) == text
