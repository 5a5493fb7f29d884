from collections import Counter

import pytest

from controller.scaffold.grammar import load_grammar
from controller.scaffold.tickets import first_dataset, later_rows, traffic

GRAMMAR = load_grammar()


@pytest.fixture(scope="module")
def dataset():
    return first_dataset(GRAMMAR)


def test_the_same_seed_gives_the_same_rows(dataset):
    assert first_dataset(GRAMMAR) == dataset
    assert first_dataset(GRAMMAR, seed=18) != dataset


def test_a_new_repository_has_eight_intents_evenly_spread(dataset):
    counts = Counter(ticket.category for ticket in dataset.train)

    assert len(counts) == 8
    assert min(counts.values()) > 0.8 * max(counts.values())
    assert (len(dataset.train), len(dataset.test)) == (1500, 400)


def test_every_channel_has_enough_test_rows_to_be_judged(dataset):
    counts = Counter(ticket.channel for ticket in dataset.test)

    assert set(counts) == {"email", "chat", "phone", "web"}
    assert min(counts.values()) >= 70


def test_there_are_duplicates_and_leaked_rows_for_the_checks_to_find(dataset):
    texts = [ticket.text for ticket in dataset.train]

    assert 20 <= len(texts) - len(set(texts)) <= 80
    assert 4 <= sum(ticket.text in set(texts) for ticket in dataset.test) <= 12


def test_most_texts_differ(dataset):
    texts = {ticket.text.lower() for ticket in dataset.train}

    assert len(texts) > 0.9 * len(dataset.train)


def test_no_marks_of_the_grammar_are_left_in_a_text(dataset):
    marks = set("{}[]|")

    assert not [ticket.text for ticket in dataset.train if marks & set(ticket.text)]


def test_a_few_rows_carry_a_wrong_label():
    rows = later_rows(GRAMMAR, train=1000).train

    wrong = [ticket for ticket in rows if ticket.category != "gift_card"]

    assert 0.01 < len(wrong) / len(rows) < 0.04


def test_later_rows_bring_an_intent_that_was_not_there(dataset):
    later = later_rows(GRAMMAR)

    added = {ticket.category for ticket in later.train if ticket.category == "gift_card"}

    assert added
    assert "gift_card" not in {ticket.category for ticket in dataset.train}
    assert len((dataset + later).train) == len(dataset.train) + len(later.train)


def test_traffic_follows_its_mix():
    tickets = traffic(GRAMMAR, 500, seed=1, mix={"refund_request": 4.0, "login_problem": 1.0})

    counts = Counter(ticket.category for ticket in tickets)

    assert set(counts) == {"refund_request", "login_problem"}
    assert counts["refund_request"] > 3 * counts["login_problem"]


def test_traffic_about_other_products_uses_words_that_training_never_saw(dataset):
    moved = traffic(GRAMMAR.about("newproduct"), 200, seed=2)
    trained_on = " ".join(ticket.text.lower() for ticket in dataset.train)

    assert "heat pump" not in trained_on
    assert sum("heat pump" in ticket.text.lower() for ticket in moved) >= 3
