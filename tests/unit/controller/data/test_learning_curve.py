"""The learning curve: the law it fits, and what it advises."""

import random

import numpy as np
import pytest

from controller.data.learning_curve import Gain, LearningCurve, _at, _laws, advise, draw

WORDS = [f"word{n}" for n in range(400)]


def task(rows, *, labels=4, wrong=0.0, seed=1):
    """Texts whose label is told by rare words of its own; a share of the labels is wrong."""
    draw_ = random.Random(seed)
    texts, targets = [], []
    for _ in range(rows):
        label = draw_.randrange(labels)
        own = draw_.choices(WORDS[label * 60 : label * 60 + 60], k=2)
        texts.append(" ".join([*own, *draw_.choices(WORDS[240:], k=4)]))
        is_wrong = draw_.random() < wrong
        targets.append((f"l{draw_.randrange(labels) if is_wrong else label}",))
    return texts, targets


def test_the_law_finds_the_numbers_that_made_the_errors():
    sizes = np.array([100, 200, 400, 800, 1600])

    law = _laws(sizes, (3.0 * sizes**-0.5 + 0.05)[None])

    assert law[0] == pytest.approx([3.0, 0.5, 0.05], abs=0.02)
    assert _at(law, 6400)[0] == pytest.approx(0.0875, abs=0.001)


def test_a_curve_falls_and_says_what_twice_the_rows_bring():
    curve = draw(*task(600), seed=17)

    errors = [point.error for point in curve.points]
    assert [point.rows for point in curve.points] == [30, 60, 120, 240, 480]
    assert errors[0] > errors[-1] + 0.1
    assert curve.doubled.low <= curve.doubled.value <= curve.doubled.high
    assert draw(*task(600), seed=17) == curve


def test_a_row_may_have_a_set_of_labels():
    texts, targets = task(300)

    curve = draw(texts, [(*one, "all") if at % 2 else () for at, one in enumerate(targets)], seed=1)

    assert curve.measure == "error_f1"
    assert all(0 <= point.error <= 1 for point in curve.points)


@pytest.mark.parametrize("rows", [60, 0])
def test_few_rows_give_no_curve(rows):
    assert draw(*task(rows), seed=1) is None


def curve_with(value, low, high):
    return LearningCurve("error", 1000, 1000, 3, (), {}, 0.1, Gain(value, low, high))


@pytest.mark.parametrize(
    ("gain", "wrong", "verdict"),
    [
        ((0.03, 0.02, 0.05), 0.01, "more"),
        ((0.01, 0.005, 0.02), 0.08, "better"),
        ((0.03, 0.01, 0.05), 0.03, "either"),
        ((0.001, 0.0, 0.002), 0.001, "neither"),
        ((0.03, 0.02, 0.05), None, "more"),
        ((0.001, 0.0, 0.002), None, "neither"),
    ],
)
def test_more_rows_and_better_labels_are_weighed(gain, wrong, verdict):
    share = None if wrong is None else Gain(wrong, 0.9 * wrong, 1.1 * wrong)

    found, said = advise(curve_with(*gain), share)

    assert found == verdict
    assert "cheap model" in said
