"""Searches in specs: what may be searched, and what one trial's spec is."""

import pytest

from specs.digest import digest_of, training_inputs
from specs.searching import bases, concrete, metric_of, points, trial_count, variants

HASHES = {"data/train.csv": "md5:1", "data/test.csv": "md5:2"}
RATE = "learning_rate: {low: 1e-4, high: 1e-2, log: true}"


def with_search(search, candidates="[]"):
    return (
        ("seed: 17", f"seed: 17\n    search: {search}"),
        ("revision: null", f"candidates: {candidates}"),
    )


REFUSED = {
    "nothing to search": ("{trials: 3}", "search: there is nothing to search"),
    "an unknown field": (
        "{parameters: {learning_rat: {low: 1, high: 2}}}",
        "did you mean 'learning_rate'?",
    ),
    "a field without its section": ("{parameters: {r: {choices: [1]}}}", "did you mean lora.r?"),
    "a seed": ("{parameters: {seed: {choices: [1]}}}", "luck, not quality"),
    "a value out of the field's limits": (
        "{parameters: {learning_rate: {low: 1e-4, high: 2}}}",
        "learning_rate.high: learning_rate: must be at most 1, not 2",
    ),
    "a fraction for a whole number": (
        "{parameters: {lora.r: {low: 1, high: 2.5}}}",
        "lora.r.high: lora.r: expected a whole number, found the number 2.5",
    ),
    "a choice that is none": (
        "{parameters: {head.pooling: {choices: [mean, clss]}}}",
        "choices[1]: head.pooling: 'clss' is not one of auto, mean, cls",
    ),
    "a method that lacks something": (
        "{parameters: {method: {choices: [lora, qlora]}}}",
        "method.choices[1]: qlora needs quantization",
    ),
    "an upside-down range": (
        "{parameters: {learning_rate: {low: 1e-2, high: 1e-3}}}",
        "learning_rate.low: low must be less than high",
    ),
    "a range from zero by order of size": (
        "{parameters: {weight_decay: {low: 0, high: 1, log: true}}}",
        "weight_decay.low: with log: true, low must be greater than 0",
    ),
    "no values": ("{parameters: {learning_rate: {}}}", "learning_rate: it has no values"),
    "an endless grid": (
        f"{{sampler: grid, parameters: {{{RATE}}}}}",
        "a grid needs choices or a step, and learning_rate has neither",
    ),
    "part of a grid": (
        "{sampler: grid, trials: 3, parameters: {lora.r: {low: 4, high: 16, step: 4}}}",
        "trials: every combination is tried, and there are 4",
    ),
    "a metric that training does not measure": (
        f"{{metric: f1, parameters: {{{RATE}}}}}",
        "metric: 'f1' is not measured on the validation rows (use f1_macro, accuracy or loss)",
    ),
}


@pytest.mark.parametrize(("search", "told"), REFUSED.values(), ids=REFUSED)
def test_a_search_that_cannot_be_made_is_refused_where_it_is_wrong(said, search, told):
    error, *_ = said(*with_search(search))

    assert error.partition(": ")[2].startswith("spec.training.search")
    assert told in error


def test_a_pruner_of_what_is_measured_once_is_refused(said):
    once = ("learning_rate: 1e-3", "learning_rate: 1e-3, num_train_epochs: 1")

    (error,) = said(once, *with_search(f"{{pruner: median, parameters: {{{RATE}}}}}"))

    assert "pruner: a trial is measured only once, at its end" in error


def test_a_field_without_effect_on_the_method_is_refused(said):
    probe = ("method: lora", "method: linear-probe")

    (error,) = said(probe, *with_search(f"{{parameters: {{{RATE}}}}}"))

    assert "learning_rate has no effect: a linear probe is solved, not stepped" in error


def test_fewer_trials_than_bases_are_refused(said):
    (error,) = said(*with_search(f"{{trials: 1, parameters: {{{RATE}}}}}", "[org/other]"))

    assert "1 trials cannot try 2 bases (write trials: 2 or more)" in error


def test_a_base_that_is_named_twice_is_refused(said):
    errors = said(("revision: null", "candidates: [org/other, org/base, org/other]"))

    assert [error.split(": ")[1] for error in errors] == [
        "spec.base.candidates[1]",
        "spec.base.candidates[2]",
    ]


def test_bases_alone_are_one_trial_each(spec_of):
    spec = spec_of(("revision: null", "candidates: [org/other]"))

    assert (trial_count(spec), metric_of(spec)) == (2, "f1_macro")
    assert points(spec) == [("org/base", {}), ("org/other", {})]


def test_a_spec_without_a_search_has_no_trials(spec_of):
    assert trial_count(spec_of()) == 0


def test_a_trial_is_what_a_spec_with_its_values_would_be(spec_of):
    spec = spec_of(
        *with_search("{parameters: {lora.r: {choices: [8, 16]}, max_length: {choices: [32]}}}")
    )
    plain = spec_of(
        ("r: 16", "r: 8"), ("learning_rate: 1e-3", "learning_rate: 1e-3, max_length: 32")
    )

    trial = concrete(spec, {"lora.r": 8, "max_length": 32})

    assert training_inputs(trial, HASHES, "x") == training_inputs(plain, HASHES, "x")


def test_a_trial_on_another_base_has_that_base_alone(spec_of):
    spec = spec_of(("revision: null", "candidates: [org/other]"))

    trial = concrete(spec, {}, base="org/other")

    assert bases(trial) == ("org/other",)


def test_each_searched_value_is_looked_at_before_anything_is_spent(spec_of):
    spec = spec_of(*with_search("{parameters: {method: {choices: [lora, full]}}}"))

    assert [one.training.method for one in variants(spec)] == ["lora", "lora", "full"]
    assert all(one.training.search is None for one in variants(spec))


def test_what_a_search_says_and_the_candidates_revisions_count(spec_of):
    one = spec_of(*with_search(f"{{parameters: {{{RATE}}}}}", "[org/other]"))
    two = spec_of(*with_search(f"{{trials: 13, parameters: {{{RATE}}}}}", "[org/other]"))

    digests = {
        digest_of(training_inputs(spec, HASHES, "x", [revision]))
        for spec in (one, two)
        for revision in ("a", "b")
    }

    assert len(digests) == 4
