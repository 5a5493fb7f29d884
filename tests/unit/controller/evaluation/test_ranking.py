"""ROC-AUC: scikit-learn's value, DeLong's interval, and what rows keep for it."""

from dataclasses import replace

import numpy as np
import pytest

from controller.evaluation.chances import packed, unpacked
from controller.evaluation.intervals import wilson_f1
from controller.evaluation.metrics import is_measurable, measure, measure_difference
from controller.evaluation.ranking import areas_by_label
from tests.unit.controller.evaluation.builders import ranked_rows

ROWS = ranked_rows(300, labels=6, skill=1.5, seed=1)


def delong_by_hand(scores, is_it):
    """Area and standard deviation by the definition: every pair of a row inside and one outside."""
    inside, outside = scores[is_it], scores[~is_it]
    wins = (inside[:, None] > outside) + 0.5 * (inside[:, None] == outside)
    spread = wins.mean(1).var(ddof=1) / len(inside) + wins.mean(0).var(ddof=1) / len(outside)
    return wins.mean(), np.sqrt(spread)


def test_the_macro_area_is_scikit_learns():
    metrics = pytest.importorskip("sklearn.metrics")
    chances = np.exp(ROWS.chances.astype(float))
    chances /= chances.sum(axis=1, keepdims=True)

    theirs = metrics.roc_auc_score(ROWS.labels, chances, multi_class="ovr", average="macro")

    assert measure("roc_auc", ROWS).value == pytest.approx(theirs, abs=1e-6)


def test_of_sets_of_labels_each_label_is_ranked_by_itself():
    metrics = pytest.importorskip("sklearn.metrics")
    right = np.random.default_rng(1).random((300, 6)) < 0.3
    rows = replace(ROWS, labels=None, predicted=None, right_sets=right, predicted_sets=right)

    theirs = metrics.roc_auc_score(right, ROWS.chances, average="macro")

    assert measure("roc_auc", rows).value == pytest.approx(theirs)


def test_of_one_label_the_interval_is_delongs():
    scores = np.round(ROWS.chances[:, 2], 1)  # with ties
    rows = replace(ROWS, chances=np.where(np.arange(6) == 2, scores[:, None], ROWS.chances))

    value, low, high = areas_by_label(rows)["label 2"]
    area, deviation = delong_by_hand(scores, rows.labels == 2)

    half = 1.959964 * deviation / (area * (1 - area))
    assert value == pytest.approx(area)
    assert np.log(high / (1 - high)) - np.log(low / (1 - low)) == pytest.approx(2 * half, rel=1e-5)


def test_the_interval_covers_the_truth_as_often_as_it_says():
    truth = measure("roc_auc", ranked_rows(60_000, labels=5, skill=1.5, seed=1)).value
    found = [
        measure("roc_auc", ranked_rows(80 + seed % 40, labels=5, skill=1.5, seed=seed))
        for seed in range(300)
    ]

    assert 0.92 <= np.mean([one.low <= truth <= one.high for one in found]) <= 0.985


def test_two_versions_are_compared_on_the_same_rows():
    better = replace(ROWS, chances=ROWS.chances + 0.2 * (np.arange(6) == ROWS.labels[:, None]))

    found = measure_difference("roc_auc", better, ROWS)

    assert 0 < found.low < found.estimate.value < found.high
    assert measure("roc_auc", better).low < measure("roc_auc", ROWS).high


def test_equal_rankings_and_perfect_ones_are_not_certain():
    perfect = replace(ROWS, chances=np.where(np.arange(6) == ROWS.labels[:, None], 0.0, -9.0))

    assert measure("roc_auc", perfect).value == 1
    assert measure("roc_auc", perfect).low < 0.995
    assert measure_difference("roc_auc", ROWS, ROWS).low < -0.005


def test_a_label_that_the_version_does_not_know_is_ranked_by_chance():
    fewer = replace(ROWS, known=ROWS.known[:5], chances=ROWS.chances[:, :5])
    known = [area for name, (area, _, _) in areas_by_label(ROWS).items() if name != "label 5"]

    assert measure("roc_auc", fewer).value == pytest.approx((sum(known) + 0.5) / 6)


def test_rows_of_one_label_or_without_probabilities_have_no_ranking():
    assert is_measurable("roc_auc", ROWS)
    assert not is_measurable("roc_auc", ROWS.select(np.flatnonzero(ROWS.labels == 1)))
    assert not is_measurable("roc_auc", replace(ROWS, chances=None))


def test_kept_probabilities_keep_their_order_down_to_the_smallest():
    chances = np.array([[1e-20, 1e-8, 3e-8, 0.2, 0.9, 0.9999, 0.99999]], dtype=np.float32)

    again = unpacked([packed(chances[0])], 7)

    assert (np.diff(again[0]) > 0).all()
    assert np.exp(again[0, 3:]) == pytest.approx(chances[0, 3:], rel=1e-3)


def test_the_interval_of_a_labels_f1_holds_it_and_is_never_certain():
    low, high = wilson_f1(40, 50, 45)

    assert low < 2 * 40 / 95 < high
    assert wilson_f1(20, 20, 20)[0] < 0.95
