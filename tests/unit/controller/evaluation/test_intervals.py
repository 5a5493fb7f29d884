"""Closed-form intervals: known values, edges, and coverage by simulation."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar

from controller.evaluation.intervals import (
    ONE_SIDED,
    combined,
    mean_half_width,
    newcombe,
    one_sided,
    tango,
    wilson,
    z_of,
)
from registry.records import Estimate


@pytest.mark.parametrize(
    ("successes", "n", "low", "high"),
    [
        # Newcombe (1998), Statistics in Medicine 17: 857-872, table I, method 3.
        pytest.param(81, 263, 0.2553, 0.3662, id="middle"),
        pytest.param(15, 148, 0.0624, 0.1605, id="small rate"),
        pytest.param(0, 20, 0.0, 0.1611, id="none"),
        pytest.param(1, 29, 0.0061, 0.1718, id="one"),
    ],
)
def test_wilson_gives_the_published_values(successes, n, low, high):
    assert wilson(successes / n, n) == pytest.approx((low, high), abs=5e-5)


def test_newcombe_gives_the_published_values():
    # Newcombe (1998), Statistics in Medicine 17: 873-890, table II, method 10.
    assert newcombe((56 / 70, 70), (48 / 80, 80)) == pytest.approx((0.0524, 0.3339), abs=5e-5)


def score_of(gained: int, lost: int, n: int, delta: float) -> float:
    """Tango's statistic from its definition, the nuisance rate found by search."""

    def surprise(rate: float) -> float:
        shares = np.clip([rate + delta, rate, 1 - 2 * rate - delta], 1e-12, 1)
        return -float(np.dot([gained, lost, n - gained - lost], np.log(shares)))

    lowest, highest = max(0.0, -delta), (1 - delta) / 2
    rate = minimize_scalar(
        surprise, bounds=(lowest, highest), method="bounded", options={"xatol": 1e-12}
    ).x
    return (gained - lost - n * delta) / math.sqrt(n * (2 * rate + delta * (1 - delta)))


@pytest.mark.parametrize(("gained", "lost", "n"), [(9, 1, 44), (3, 7, 60), (5, 5, 20)])
def test_tango_ends_where_its_score_reaches_the_normal_quantile(gained, lost, n):
    low, high = tango(gained, lost, n)

    assert score_of(gained, lost, n, low) == pytest.approx(z_of(0.95), abs=1e-3)
    assert score_of(gained, lost, n, high) == pytest.approx(-z_of(0.95), abs=1e-3)


def test_without_a_discordant_pair_the_bounds_follow_from_n_alone():
    z2 = z_of(0.95) ** 2

    assert tango(0, 0, 30) == pytest.approx((-z2 / (30 + z2), z2 / (30 + z2)), abs=1e-6)


@given(gained=st.integers(0, 50), lost=st.integers(0, 50), agreeing=st.integers(0, 500))
def test_tango_holds_the_difference_and_turns_with_the_sides(gained, lost, agreeing):
    n = max(1, gained + lost + agreeing)

    low, high = tango(gained, lost, n)
    turned = tango(lost, gained, n)

    assert -1 <= low <= (gained - lost) / n <= high <= 1
    assert turned == pytest.approx((-high, -low), abs=1e-6)


@given(rate=st.floats(0, 1), n=st.integers(1, 10_000))
def test_wilson_holds_the_rate_within_zero_and_one(rate, n):
    low, high = wilson(rate, n)

    assert 0 <= low <= rate <= high <= 1


def test_one_sided_bounds_lie_within_the_two_sided_ones():
    stored = Estimate(0.9, *wilson(0.9, 300), 300, "wilson")

    low, high = one_sided(stored)

    assert stored.low < low < 0.9 < high < stored.high
    assert (low, high) == wilson(0.9, 300, ONE_SIDED)


def test_one_sided_bounds_of_a_normal_interval_are_exact():
    wide, narrow = (mean_half_width(1.0, 100_000, level) for level in (0.95, ONE_SIDED))
    stored = Estimate(0.0, -wide, wide, 100_000, "normal")

    low, high = one_sided(stored)

    assert (low, high) == pytest.approx((-narrow, narrow), rel=1e-4)


def test_students_interval_of_few_rows_is_wider_than_the_normal_one():
    assert mean_half_width(1.0, 5) == pytest.approx(2.776 / np.sqrt(5), rel=1e-3)
    assert mean_half_width(1.0, 1) == float("inf")


def test_combined_intervals_of_two_estimates_add_like_errors():
    assert combined(1.0, (0.7, 1.3), 0.5, (0.1, 0.9)) == pytest.approx((0.0, 1.0))


@pytest.mark.parametrize(("rate", "n"), [(0.9, 300), (0.95, 100), (0.7, 50)])
def test_wilson_covers_the_truth_as_often_as_it_says(rate, n):
    drawn = np.random.default_rng(1).binomial(n, rate, 4000)
    bounds = {count: wilson(count / n, n) for count in set(drawn.tolist())}

    covered = np.mean([bounds[count][0] <= rate <= bounds[count][1] for count in drawn.tolist()])

    assert 0.93 <= covered <= 0.97


@pytest.mark.parametrize(
    ("gain", "loss", "n"), [(0.02, 0.05, 300), (0.04, 0.04, 1000), (0.1, 0.06, 100)]
)
def test_tango_covers_the_truth_as_often_as_it_says(gain, loss, n):
    random = np.random.default_rng(2)
    drawn = random.multinomial(n, [gain, loss, 1 - gain - loss], 4000)[:, :2].tolist()
    bounds = {tuple(pair): tango(*pair, n) for pair in drawn}

    covered = np.mean(
        [low <= gain - loss <= high for low, high in (bounds[tuple(pair)] for pair in drawn)]
    )

    assert 0.93 <= covered <= 0.97


def test_an_equal_retrain_passes_and_a_real_loss_does_not():
    """Error rates of ``max_drop`` as its rule is written: low >= -tolerance."""
    random = np.random.default_rng(3)
    equal = random.multinomial(1000, [0.0125, 0.0125, 0.975], 1000)[:, :2].tolist()
    worse = random.multinomial(300, [0.02, 0.05, 0.93], 1000)[:, :2].tolist()

    equal_passes = np.mean([tango(*pair, 1000, ONE_SIDED)[0] >= -0.02 for pair in equal])
    worse_passes = np.mean([tango(*pair, 300, ONE_SIDED)[0] >= -0.02 for pair in worse])

    assert equal_passes >= 0.98
    assert worse_passes <= 0.01
