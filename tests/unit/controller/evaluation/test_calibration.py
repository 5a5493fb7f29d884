"""Calibration error, and what a perfectly calibrated version would show."""

import numpy as np
import pytest

from controller.evaluation import calibration
from controller.evaluation.calibration import calibration_null, reliability
from controller.evaluation.metrics import measure, measure_difference
from tests.unit.controller.evaluation.builders import answered_rows, calibrated_rows


def test_calibration_error_is_the_gap_between_confidence_and_accuracy():
    rows = answered_rows([0.95] * 50 + [0.55] * 50, [1] * 40 + [0] * 10 + [1] * 30 + [0] * 20)

    estimate = measure("expected_calibration_error", rows)

    assert estimate.value == pytest.approx(0.5 * 0.15 + 0.5 * 0.05)


def test_a_calibrated_version_exceeds_its_null_in_one_case_of_twenty():
    found = [
        measure("calibration_excess", calibrated_rows(150, seed)).value > 0 for seed in range(400)
    ]

    assert 0.02 <= np.mean(found) <= 0.09


def test_few_rows_excuse_what_many_rows_show():
    few, many = calibrated_rows(60, 1, boldness=1.3), calibrated_rows(5_000, 1, boldness=1.3)

    assert calibration_null(few).mean > 4 * calibration_null(many).mean
    assert measure("calibration_excess", few).value == 0
    assert measure("calibration_excess", many).low > 0.015


def test_an_excess_is_its_own_lower_bound_and_none_is_zero():
    bold = measure("calibration_excess", calibrated_rows(1_000, 3, boldness=2.5))
    honest = measure("calibration_excess", calibrated_rows(1_000, 3))

    assert 0 < bold.value == bold.low < bold.high
    assert (honest.value, honest.low, honest.high) == (0, 0, 0)


def test_the_low_end_of_the_error_is_what_exceeds_its_null():
    rows = calibrated_rows(300, 2)

    estimate = measure("expected_calibration_error", rows)

    assert estimate.low == max(0, estimate.value - calibration_null(rows).quantile)


def test_the_null_of_many_rows_is_that_of_single_draws(monkeypatch):
    rows = calibrated_rows(4_000, 1)
    one_by_one = calibration_null(rows)

    monkeypatch.setattr(calibration, "MAX_ROWS_DRAWN_ONE_BY_ONE", 0)

    assert calibration_null(rows).mean == pytest.approx(one_by_one.mean, rel=0.05)
    assert calibration_null(rows).quantile == pytest.approx(one_by_one.quantile, rel=0.08)


def test_of_two_versions_the_bolder_one_has_more_excess():
    bold, honest = calibrated_rows(2_000, 4, boldness=2.5), calibrated_rows(2_000, 4)

    found = measure_difference("calibration_excess", bold, honest)

    assert 0 < found.low < found.estimate.value < found.high


def test_the_reliability_table_adds_up_to_the_error():
    rows = calibrated_rows(500, 5)

    table = reliability(rows)

    gaps = sum(one["n"] * abs(one["accuracy"] - one["confidence"]) for one in table["bins"])
    assert sum(one["n"] for one in table["bins"]) == 500
    assert gaps / 500 == pytest.approx(table["error"])
    assert table["null_mean"] < table["null_quantile"]
