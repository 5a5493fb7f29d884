"""Curves of a training, as they are drawn."""

import math

from registry.pages.curves import MOST_POINTS, draw_curves
from registry.records import CurvePoint


def series(name, values, every=5):
    return [CurvePoint(every * place, name, value) for place, value in enumerate(values, start=1)]


def test_training_and_validation_share_one_chart_and_its_axes():
    points = series("train_loss", [2.0, 1.0, 0.5, 0.2]) + series("validation_loss", [1.2, 1.4], 10)

    [chart] = draw_curves(points)

    training, validation = chart.curves
    assert (training.label, validation.label) == ("training", "validation")
    assert training.dots[1][0] == validation.dots[0][0], "step 10 of both"
    assert training.dots[0][1] < training.dots[-1][1], "a loss that falls goes down on the page"
    assert chart.said == "Loss by step: training ends at 0.200, validation ends at 1.400."


def test_a_run_without_steps_has_no_chart():
    assert draw_curves(series("validation_loss", [0.3])) == []


def test_values_that_are_no_numbers_are_left_out():
    [chart] = draw_curves(series("train_loss", [1.0, math.nan, 0.5]))

    assert len(chart.curves[0].dots) == 2


def test_a_long_training_is_drawn_with_as_many_points_as_can_be_told_apart():
    [chart] = draw_curves(series("train_loss", [1 / n for n in range(1, 5001)]))

    drawn = chart.curves[0].line.split()
    assert MOST_POINTS / 2 < len(drawn) <= MOST_POINTS + 1
    assert drawn[-1].startswith(f"{chart.right:.1f}"), "the last step is among them"
