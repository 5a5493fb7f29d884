import random

import pytest

from monitors.causes import (
    explain_length,
    explain_prediction,
    explain_vocabulary,
    summarize,
)
from tests.unit.monitors.desk import foreign, observation, one_label, reference, traffic


def current(draw):
    return [stored.observation for stored in traffic(100, draw=draw)]


def test_the_label_that_moved_most_comes_first_with_requests_of_it():
    observations = current(one_label)

    cause = explain_prediction(reference(), observations)

    moved = cause["labels"][0]
    labels = {o.request_id: o.label for o in observations}
    assert moved["label"] == "delivery"
    assert moved["reference_share"] < 0.2
    assert moved["current_share"] > 0.6
    assert {labels[example] for example in cause["examples"]} == {"delivery"}
    assert len(cause["examples"]) == 5


def test_new_words_are_named_before_typos_that_were_always_there():
    rng = random.Random(3)

    cause = explain_vocabulary(
        reference(),
        current(lambda _: foreign(rng) if rng.random() < 0.4 else ("plase card", "card")),
    )

    terms = [term["term"] for term in cause["terms"]]
    assert {"quiero", "tarjeta"} <= set(terms[:9])
    assert cause["terms"][0]["requests"] > 0
    assert cause["current_mean"] > 2 * cause["reference_mean"]
    assert len(cause["examples"]) == 5


def test_texts_that_grew_are_shown_by_the_longest():
    observations = current(lambda _: ("card lost", "card"))
    longest = observation("my card is lost " * 50, "card", number=777)

    cause = explain_length(reference(), [*observations, *[longest] * 40])

    assert cause["current_mean_characters"] > cause["reference_mean_characters"]
    assert set(cause["examples"]) == {"q777"}


def test_texts_that_shrank_are_shown_by_the_shortest():
    observations = [*current(lambda _: ("card", "card")), observation("", "card", number=778)]

    cause = explain_length(reference(), observations)

    assert cause["current_mean_characters"] < cause["reference_mean_characters"]
    assert cause["examples"][0] == "q778"


@pytest.mark.parametrize("explain", [explain_prediction, explain_vocabulary, explain_length])
def test_an_empty_window_explains_nothing_and_breaks_nothing(explain):
    cause = explain(reference(), [])

    assert cause["examples"] == []


@pytest.mark.parametrize(
    ("detector", "explain", "draw", "said"),
    [
        ("prediction", explain_prediction, one_label, "prediction: label 'delivery' went from"),
        (
            "text_vocabulary",
            explain_vocabulary,
            foreign,
            "text_vocabulary: share of unknown words (",
        ),
        ("text_length", explain_length, foreign, "mean length in characters went from"),
    ],
)
def test_a_cause_is_one_line_for_a_person(detector, explain, draw, said):
    line = summarize(detector, explain(reference(), current(draw)))

    assert said in line
    assert "\n" not in line


def test_a_cause_without_facts_still_names_the_detector():
    assert summarize("prediction", {"sequence": 3}) == "prediction moved"
