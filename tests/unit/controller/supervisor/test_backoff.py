import pytest

from controller.supervisor.backoff import Backoff


def test_waits_double_up_to_half_a_minute():
    backoff, waits = Backoff(), []

    for now in range(7):
        backoff = backoff.started(now).died(now)
        waits.append(backoff.wait_seconds)

    assert waits == [1, 2, 4, 8, 16, 30, 30]


def test_a_healthy_minute_forgives_earlier_deaths():
    often = Backoff(deaths=5).started(100.0)

    assert often.died(160.0).wait_seconds == 1
    assert often.died(159.0).wait_seconds == 30


def test_the_next_start_is_after_the_wait():
    assert Backoff().started(0.0).died(10.0).start_at == pytest.approx(11.0)


def test_nothing_is_waited_for_before_the_first_death():
    assert Backoff().wait_seconds == 0
    assert Backoff().start_at == 0
