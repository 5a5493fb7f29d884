"""Tests and their correction: exact values, agreement with scipy, and level by simulation."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest, false_discovery_control

from controller.evaluation.metrics import measure_difference
from controller.evaluation.permutation import permutation_p
from controller.gates.significance import (
    FALSE_DISCOVERY_RATE,
    alone,
    benjamini_hochberg,
    binomial_at_most,
    corrected,
    mcnemar,
    normal_below,
)
from registry.records import SignificanceTest
from tests.unit.controller.gates.builders import right, rows_of

PS = st.lists(st.floats(0, 1), min_size=1, max_size=40)


@pytest.mark.parametrize(
    ("gained", "lost", "p"),
    [(0, 0, 1.0), (5, 0, 1.0), (0, 5, 1 / 32), (1, 4, 6 / 32), (10, 10, 0.588099)],
)
def test_mcnemar_counts_the_ways_to_lose_as_many(gained, lost, p):
    assert mcnemar(gained, lost) == pytest.approx(p, abs=1e-6)


@given(n=st.integers(1, 400), rate=st.floats(0.01, 0.99), share=st.floats(0, 1))
def test_the_exact_binomial_is_scipys(n, rate, share):
    hits = round(share * n)

    p = binomial_at_most(hits, n, rate)

    assert p == pytest.approx(binomtest(hits, n, rate, alternative="less").pvalue, abs=1e-9)


def test_the_normal_test_says_five_percent_where_the_bound_is_the_limit():
    assert normal_below(0.8, 0.9, needed=0.9) == pytest.approx(0.05)
    assert normal_below(0.9, 0.9, needed=0.8) == 1.0
    assert normal_below(0.7, 0.7, needed=0.8) == 0.0


@given(ps=PS)
def test_the_correction_is_that_of_benjamini_and_hochberg(ps):
    adjusted = false_discovery_control(ps, method="bh")
    near = np.abs(adjusted - FALSE_DISCOVERY_RATE) < 1e-9

    found = np.array(benjamini_hochberg(ps, FALSE_DISCOVERY_RATE))

    assert ((found == (adjusted <= FALSE_DISCOVERY_RATE)) | near).all()


@given(ps=PS, data=st.data())
def test_the_correction_asks_for_no_order(ps, data):
    places = data.draw(st.permutations(range(len(ps))))

    found = benjamini_hochberg(ps, FALSE_DISCOVERY_RATE)
    moved = benjamini_hochberg([ps[place] for place in places], FALSE_DISCOVERY_RATE)

    assert moved == [found[place] for place in places]


@given(ps=PS)
def test_the_correction_only_takes_significance_away(ps):
    tests = [SignificanceTest(p, "exact McNemar") for p in ps]

    together = corrected(tests)

    assert all(
        one.is_significant <= alone(test).is_significant
        for one, test in zip(together, tests, strict=True)
    )
    assert {one.among for one in together} == {len(ps)}


def flipped(rows, share, random):
    """The same rows, each answer right or wrong anew with probability ``share``."""
    drawn = random.random(len(rows)) < share
    correct = np.where(drawn, random.random(len(rows)) < 0.8, rows.scores["correct"] > 0)
    return rows_of(correct.tolist())


def as_sets(rows):
    """The same answers as sets of labels; every third row has both labels."""
    labels, predicted = (codes[:, None] == [0, 1] for codes in (rows.labels, rows.predicted))
    labels[::3] = True
    return replace(rows, right_sets=labels, predicted_sets=predicted)


ONE_LABEL = ("accuracy", "precision_macro", "recall_macro", "f1_macro", "loss")
SETS = ("accuracy", "f1_macro", "f1_micro", "precision_micro")


@pytest.mark.parametrize(
    ("metric", "form"),
    [(metric, replace) for metric in (*ONE_LABEL, "expected_calibration_error")]
    + [(metric, as_sets) for metric in SETS],
)
def test_swapping_whole_answers_goes_the_way_that_the_metric_goes(metric, form):
    random = np.random.default_rng(5)
    plain = rows_of((random.random(60) < 0.6).tolist())
    first, second = form(plain), form(flipped(plain, 0.3, random))

    same = permutation_p(metric, first, first, sign=1)
    one, other = (
        permutation_p(metric, *pair, sign=1) for pair in ((first, second), (second, first))
    )

    assert same == 1.0
    # Every swap is at least as bad one way or the other; both, where it changes nothing.
    assert one + other >= 1.0
    assert (one < other) == (measure_difference(metric, first, second).estimate.value < 0)


def test_a_worse_version_has_a_small_p_and_a_better_one_has_not():
    worse, better = rows_of(right(60, 100)), rows_of(right(90, 100))

    for metric, sign in (("f1_macro", 1), ("loss", -1), ("accuracy", 1)):
        assert permutation_p(metric, worse, better, sign=sign) < 0.001
        assert permutation_p(metric, better, worse, sign=sign) > 0.9


@pytest.mark.parametrize("metric", ["loss", "f1_macro"])
def test_the_permutation_test_keeps_its_level(metric):
    random = np.random.default_rng(6)
    sign = -1 if metric == "loss" else 1
    ps = []
    for _ in range(300):
        truth = rows_of((random.random(40) < 0.8).tolist())
        pair = flipped(truth, 0.15, random), flipped(truth, 0.15, random)
        ps.append(permutation_p(metric, *pair, sign=sign, swaps=200))

    assert np.mean(np.array(ps) <= 0.05) <= 0.05 + 2.5 * np.sqrt(0.05 * 0.95 / 300)
