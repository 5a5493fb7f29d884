from datetime import UTC, datetime, timedelta

import pytest

from monitors.budget import Budget, Traffic

START = datetime(2026, 3, 1, 12, tzinfo=UTC)
MONTHLY = Budget(at_most=1, period=timedelta(days=30), least_requests_per_day=1000)


def traffic_of(*, n, every):
    traffic = Traffic()
    for i in range(n):
        traffic.observe(START + i * every)
    return traffic


def test_detectors_share_the_budget_equally():
    allowance = MONTHLY.allowance(detectors=3, requests_per_hour=0)

    assert allowance.alarms == pytest.approx(1 / 3)


def test_little_traffic_counts_as_the_least_that_is_assumed():
    allowance = MONTHLY.allowance(detectors=1, requests_per_hour=2)

    assert allowance.requests == pytest.approx(30_000)


def test_more_traffic_means_more_chances_of_a_false_alarm():
    allowance = MONTHLY.allowance(detectors=1, requests_per_hour=3600)

    assert allowance.requests == pytest.approx(3600 * 24 * 30)


def test_steady_traffic_gives_its_rate():
    traffic = traffic_of(n=2000, every=timedelta(minutes=1))

    assert traffic.requests_per_hour() == pytest.approx(60, rel=0.01)


def test_a_first_burst_counts_as_an_hour_of_traffic():
    traffic = traffic_of(n=200, every=timedelta(milliseconds=10))

    assert traffic.requests_per_hour() == 200


def test_a_busy_day_after_quiet_weeks_is_seen():
    traffic = traffic_of(n=14 * 24, every=timedelta(hours=1))
    end = START + timedelta(days=14)
    for i in range(24 * 60):
        traffic.observe(end + timedelta(minutes=i))

    assert traffic.requests_per_hour() == pytest.approx(60, rel=0.05)


def test_no_traffic_has_no_rate():
    assert Traffic().requests_per_hour() == 0


def test_clocks_that_go_back_do_no_harm():
    traffic = Traffic()
    for minutes in (90, 0, 60):
        traffic.observe(START + timedelta(minutes=minutes))

    assert traffic.requests_per_hour() == pytest.approx(2)
