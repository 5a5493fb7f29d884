"""Metrics: values as scikit-learn has them, intervals that are honest at the edges."""

import math
from dataclasses import replace

import numpy as np
import pytest

from controller.evaluation.metrics import METRICS, measure, measure_difference
from tests.unit.controller.evaluation.builders import drawn_rows

ROWS = drawn_rows(400, labels=7, accuracy=0.8, seed=1)
OTHERS = drawn_rows(400, labels=7, accuracy=0.7, seed=2)
PERFECT = replace(
    ROWS,
    predicted=ROWS.labels,
    scores=ROWS.scores | {"correct": np.ones(400), "token_f1": np.ones(400)},
)


def label_sets(seed):
    """Rows with sets of four labels, whose right sets are the same for every seed."""
    right = np.random.default_rng(5).random((400, 4)) < (0.6, 0.3, 0.1, 0.02)
    answered = right ^ (np.random.default_rng(seed).random((400, 4)) < 0.05 * seed)
    whole = (right == answered).all(axis=1).astype(float)
    scores = ROWS.scores | {"correct": whole}
    sets = {"right_sets": right, "predicted_sets": answered}
    return replace(
        ROWS, names=("a", "b", "c", "d"), labels=None, predicted=None, scores=scores, **sets
    )


SETS, OTHER_SETS = label_sets(1), label_sets(3)
SET_METRICS = [
    "accuracy",
    *(f"{name}_{kind}" for kind in ("macro", "micro") for name in ("precision", "recall", "f1")),
]


@pytest.mark.parametrize("metric", SET_METRICS[1:])
def test_averages_over_sets_of_labels_are_scikit_learns(metric):
    metrics = pytest.importorskip("sklearn.metrics")
    name, average = metric.split("_")
    theirs = getattr(metrics, f"{name}_score")(
        SETS.right_sets, SETS.predicted_sets, average=average, zero_division=0
    )

    assert measure(metric, SETS).value == pytest.approx(theirs)


@pytest.mark.parametrize("metric", SET_METRICS)
def test_over_sets_every_interval_holds_its_value_and_the_better_is_seen(metric):
    estimate = measure(metric, SETS)
    found = measure_difference(metric, SETS, OTHER_SETS)

    assert estimate.low < estimate.value < estimate.high
    assert measure(metric, SETS) == estimate
    assert 0 < found.low < found.estimate.value < found.high


@pytest.mark.parametrize("name", ["precision", "recall", "f1"])
def test_over_single_labels_a_micro_average_is_the_accuracy(name):
    assert measure(f"{name}_micro", ROWS) == measure("accuracy", ROWS)
    mine = measure_difference(f"{name}_micro", ROWS, OTHERS)
    assert mine == measure_difference("accuracy", ROWS, OTHERS)


def test_over_sets_equal_answers_do_not_prove_equality():
    found = measure_difference("f1_micro", SETS, SETS)

    assert found.low < -0.005 < found.estimate.value == 0 < found.high


@pytest.mark.parametrize("name", ["precision", "recall", "f1"])
def test_macro_averages_are_scikit_learns(name):
    metrics = pytest.importorskip("sklearn.metrics")
    theirs = getattr(metrics, f"{name}_score")(
        ROWS.labels, ROWS.predicted, average="macro", zero_division=0
    )

    assert measure(f"{name}_macro", ROWS).value == pytest.approx(theirs)


def test_a_label_that_is_never_predicted_counts_as_zero():
    rows = replace(ROWS, predicted=np.zeros(400, dtype=np.int64))

    estimate = measure("precision_macro", rows)

    assert estimate.value == pytest.approx(float((ROWS.labels == 0).mean()) / 7)


def test_perplexity_is_the_loss_raised():
    loss, perplexity = measure("loss", ROWS), measure("perplexity", ROWS)

    raised = [math.exp(value) for value in (loss.value, loss.low, loss.high)]
    assert [perplexity.value, perplexity.low, perplexity.high] == pytest.approx(raised)


OTHERWISE_TESTED = {
    "exact_match",
    "pattern_match",
    "json_valid",
    "calibration_excess",
    "roc_auc",
}


@pytest.mark.parametrize("metric", sorted(set(METRICS) - OTHERWISE_TESTED))
def test_every_interval_holds_its_value_and_repeats(metric):
    estimate = measure(metric, ROWS)

    assert estimate.low < estimate.value < estimate.high
    assert estimate.n == 400
    assert measure(metric, ROWS) == estimate


@pytest.mark.parametrize("metric", ["accuracy", "f1_macro", "recall_macro", "token_f1"])
def test_a_perfect_score_is_never_certain(metric):
    estimate = measure(metric, PERFECT)

    assert estimate.value == 1
    assert estimate.low < 0.995


@pytest.mark.parametrize("metric", ["accuracy", "f1_macro", "token_f1"])
def test_equal_answers_do_not_prove_equality(metric):
    found = measure_difference(metric, PERFECT, PERFECT)

    assert found.estimate.value == 0
    assert found.low < -0.005
    assert found.high > 0.005


@pytest.mark.parametrize(
    ("metric", "sign"),
    [("accuracy", 1), ("f1_macro", 1), ("precision_macro", 1), ("loss", -1), ("perplexity", -1)],
)
def test_a_difference_shows_the_better_of_two_on_the_same_rows(metric, sign):
    found = measure_difference(metric, ROWS, OTHERS)

    assert found.estimate.value == pytest.approx(
        measure(metric, ROWS).value - measure(metric, OTHERS).value
    )
    assert min(sign * found.low, sign * found.high) > 0
    assert found.estimate.low < found.low < found.high < found.estimate.high


def test_pairing_sees_what_two_separate_intervals_cannot():
    half_points = replace(ROWS, scores=ROWS.scores | {"loss": ROWS.scores["loss"] + 0.01})

    found = measure_difference("loss", half_points, ROWS)

    assert found.low > 0
    assert measure("loss", half_points).low < measure("loss", ROWS).high


def test_macro_f1_covers_the_truth_at_least_as_often_as_it_says():
    truth = measure("f1_macro", drawn_rows(200_000, labels=5, accuracy=0.85, seed=1)).value
    estimates = [
        measure("f1_macro", drawn_rows(150 + seed % 7, labels=5, accuracy=0.85, seed=seed))
        for seed in range(150)
    ]

    covered = np.mean([found.low <= truth <= found.high for found in estimates])

    assert covered >= 0.93
