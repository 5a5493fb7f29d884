import random

import pytest

from controller.scaffold.grammar import load_grammar

GRAMMAR = load_grammar()


def test_choices_may_stand_inside_choices():
    texts = {GRAMMAR.expand("a[b|c[d|e]]", random.Random(seed)) for seed in range(50)}

    assert texts == {"ab", "acd", "ace"}


def test_an_unknown_slot_is_a_fault_of_the_grammar():
    with pytest.raises(KeyError, match="no_such_slot"):
        GRAMMAR.expand("{no_such_slot}", random.Random(1))


@pytest.mark.parametrize("intent", GRAMMAR.intents.values(), ids=lambda intent: intent.name)
def test_every_phrasing_can_be_expanded(intent):
    for phrasing in (*intent.phrasings, *intent.held_out):
        for seed in range(10):
            assert GRAMMAR.expand(phrasing, random.Random(seed)).strip()


@pytest.mark.parametrize("intent", GRAMMAR.intents.values(), ids=lambda intent: intent.name)
def test_held_out_phrasings_are_others(intent):
    assert intent.held_out
    assert not set(intent.held_out) & set(intent.phrasings)


def test_every_channel_has_openings_and_closings():
    assert set(GRAMMAR.openings) == set(GRAMMAR.closings) == set(GRAMMAR.channels)


def test_another_product_slot_leaves_the_rest_of_the_grammar_alone():
    other = GRAMMAR.about("newproduct")

    assert other.slots["product"] == GRAMMAR.slots["newproduct"]
    assert other.intents is GRAMMAR.intents
