"""Weak slices: what is worse than the rest is found, and chance is not."""

import numpy as np
import pytest

from controller.evaluation.studies.weak_slices import WeakSlicesStudy
from controller.evaluation.studies.weak_slices.features import candidates
from controller.evaluation.studies.weak_slices.search import weak_slices
from controller.scaffold.grammar import load_grammar
from controller.scaffold.tickets import first_dataset
from specs.expressions import parse_expression


@pytest.fixture(scope="module")
def tickets():
    return first_dataset(load_grammar()).train


@pytest.fixture(scope="module")
def texts(tickets):
    return [ticket.text for ticket in tickets]


@pytest.fixture(scope="module")
def known(tickets, texts):
    channels = {"channel": [ticket.channel for ticket in tickets]}
    return candidates(texts, channels, column="text", least=20)


def rows_of(known, name):
    return next(one.rows for one in known if one.name == name)


def mistakes(n, share, seed):
    return np.random.default_rng(seed).random(n) < share


def test_a_bad_slice_of_three_percent_of_the_rows_is_found_by_its_word(texts, known):
    """7 % wrong everywhere, and half of the rows that speak of one thing."""
    planted = rows_of(known, 'text contains "arrived"')
    assert 0.02 < len(planted) / len(texts) < 0.03
    for seed in range(10):
        wrong = mistakes(len(texts), 0.07, seed)
        wrong[planted] = mistakes(len(planted), 0.5, 100 + seed)

        worst = weak_slices(known, wrong, rate=0.1, at_most=10)[0]

        assert len(np.intersect1d(worst.candidate.rows, planted)) / len(planted) > 0.8


def test_two_values_that_are_only_bad_together_are_found_together(known, texts):
    name = "channel=phone and len(text) <= 43"
    wrong = mistakes(len(texts), 0.05, 0)
    wrong[rows_of(known, name)] = True

    assert weak_slices(known, wrong, rate=0.1, at_most=1)[0].candidate.name == name


def test_where_there_is_nothing_to_find_it_is_found_at_the_stated_rate(known, texts):
    """80 versions that are wrong by chance alone: 17 are 3.4 standard errors above 10 %."""
    alarms = sum(
        bool(weak_slices(known, mistakes(len(texts), 0.07, seed), rate=0.1, at_most=1))
        for seed in range(80)
    )

    assert alarms <= 17


def test_another_name_for_what_was_found_is_not_told_again(known, texts):
    planted = rows_of(known, 'text contains "arrived"')
    wrong = mistakes(len(texts), 0.05, 5)
    wrong[planted] = True

    found = weak_slices(known, wrong, rate=0.1, at_most=10)

    assert all(len(np.setdiff1d(one.candidate.rows, planted)) for one in found[1:])


def test_a_slice_is_told_with_the_rule_that_declares_it(make_bench):
    rows = [
        (f"where is my {'visa card' if n % 3 else 'maestro refund'} {n}", "card", {})
        for n in range(120)
    ]
    bench = make_bench(rows, {})

    (told,) = WeakSlicesStudy().run(bench).report["found"]

    assert told["accuracy"]["value"] == 0.0
    assert told["accuracy"]["n"] == 40
    assert told["elsewhere"]["value"] == 1.0
    assert told["examples"][0]["answer"] == "refund"
    inside = [parse_expression(told["declare"]).value_of(row) for row in bench.rows]
    assert inside == ["false" if n % 3 else "true" for n in range(120)]


def test_rows_that_gates_leave_out_are_not_searched(make_bench):
    rows = [(f"my {'card' if n % 3 else 'refund'} {n}", "card", {}) for n in range(120)]

    bench = make_bench(rows, {}, excluded=[n + 1 for n in range(120) if not n % 3])

    assert WeakSlicesStudy().run(bench).report["found"] == []
