import json
import math

import numpy as np
import pytest
from scipy.stats import hypergeom, mannwhitneyu

from monitors.detectors.base import Allowance
from monitors.detectors.rank_sum import RankSum, log_p_higher
from monitors.detectors.shiryaev_roberts import CELLS


def counts(values):
    return np.bincount(values, minlength=CELLS).astype(float)


def test_agrees_with_the_exact_test_where_there_are_only_two_cells():
    reference, current = np.zeros(CELLS), np.zeros(CELLS)
    reference[[0, 9]] = 285, 15
    current[[0, 9]] = 78, 22

    found = log_p_higher(reference, current)

    exact = hypergeom(400, 37, 100)
    assert exact.logsf(22) < found < exact.logsf(21) + 0.1  # the sum's steps are one value wide


def test_agrees_with_mann_whitney_where_that_is_exact_enough():
    rng = np.random.default_rng(0)
    reference, current = rng.integers(0, 40, 200), rng.integers(6, 46, 80)

    found = log_p_higher(counts(reference), counts(current))

    known = mannwhitneyu(current, reference, alternative="greater", use_continuity=False).pvalue
    assert found == pytest.approx(math.log(known), rel=0.05)


def test_the_tail_of_a_score_with_many_ties_is_not_too_small():
    rng = np.random.default_rng(1)
    share = np.zeros(CELLS)
    share[0], share[1:20] = 0.9, 0.1 / 19
    draws = 4000

    found = np.array(
        [log_p_higher(*rng.multinomial([300, 100], share).astype(float)) for _ in range(draws)]
    )

    for level in (0.05, 0.01, 0.002):
        allowed = draws * level + 3 * math.sqrt(draws * level)
        assert (found < math.log(level)).sum() <= allowed
    assert (found < math.log(0.05)).mean() > 0.035


def test_separated_samples_give_finite_evidence():
    found = log_p_higher(counts([3] * 300), counts([60] * 100))

    assert -400 < found < -100


@pytest.mark.parametrize("value", [0, 5], ids=["all at the edge", "all inside"])
def test_one_value_everywhere_is_no_evidence(value):
    assert log_p_higher(counts([value] * 300), counts([value] * 100)) == 0


def feed(detector, values):
    for value in values:
        detector.update(int(value))
    return detector.evidence()


def test_a_slow_rise_is_found_over_several_windows():
    rng = np.random.default_rng(2)
    detector = RankSum(rng.integers(0, 40, 1000).tolist(), window=100, direction="higher")
    detector.allow(Allowance(alarms=1 / 6, requests=30_000))

    evidence = feed(detector, rng.integers(4, 44, 800))

    assert evidence.ratio > 1
    assert evidence.windows > 1


def test_either_direction_is_found_when_both_are_asked_for():
    rng = np.random.default_rng(3)
    ratios = {}

    for direction in ("higher", "either"):
        detector = RankSum(rng.integers(20, 60, 300).tolist(), window=100, direction=direction)
        detector.allow(Allowance(alarms=1 / 6, requests=30_000))
        ratios[direction] = feed(detector, rng.integers(0, 40, 100)).ratio

    assert ratios["higher"] < 0.01
    assert ratios["either"] > 1


def test_a_restored_detector_goes_on_exactly():
    rng = np.random.default_rng(4)
    reference, traffic = rng.integers(0, 40, 200).tolist(), rng.integers(0, 40, 900)
    whole, copy = (RankSum(reference, window=100, direction="either") for _ in range(2))
    feed(whole, traffic[:333])

    copy.restore(json.loads(json.dumps(whole.state())))

    assert copy.evidence() == whole.evidence()
    assert feed(copy, traffic[333:]) == feed(whole, traffic[333:])
