import math

import pytest

from monitors.detectors.base import Allowance, Evidence, strongest


def test_the_run_length_is_the_requests_per_allowed_alarm():
    allowance = Allowance(alarms=1 / 6, requests=30_000)

    assert allowance.log_run_length() == pytest.approx(math.log(180_000))


def test_a_look_gets_the_alarms_over_the_tests_of_the_period():
    allowance = Allowance(alarms=1 / 3, requests=30_000)

    needed = allowance.log_looks(stride=125, tests_per_look=4)

    assert needed == pytest.approx(math.log(960 * 3))


def test_shares_add_up_to_the_whole():
    whole = Allowance(alarms=1, requests=1000)

    parts = [whole.split(3).alarms] * 3

    assert sum(parts) == pytest.approx(whole.alarms)
    assert whole.split(3).requests == whole.requests


def test_no_budget_is_so_generous_that_weak_evidence_is_an_alarm():
    generous = Allowance(alarms=1000, requests=10)

    assert generous.log_run_length() == math.log(20)
    assert generous.log_looks(stride=5, tests_per_look=4) == math.log(20)


def test_the_strongest_evidence_is_the_one_nearest_its_own_threshold():
    weak, strong = Evidence(9, 18, "trailing", 1), Evidence(5, 6, "fast", 0)

    assert strongest(weak, None, strong) is strong
    assert strongest(None) is None


def test_evidence_for_no_change_is_no_negative_ratio():
    assert Evidence(-3, 8, "trailing", 1).ratio == 0
