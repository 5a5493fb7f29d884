import json

import numpy as np
import pytest

from monitors.detectors.base import Allowance
from monitors.detectors.shiryaev_roberts import CELLS, ShiryaevRoberts, unit_interval


def cells(rng, n, centre=20.0):
    return np.clip(rng.normal(centre, 6, size=n), 0, CELLS - 1).astype(int).tolist()


def alarms(detector, values):
    """Count how often the detector started again."""
    count = 0
    for value in values:
        detector.update(value)
        count += not any(detector.state()["bets"])
    return count


@pytest.mark.parametrize("direction", ["higher", "either"])
@pytest.mark.parametrize("reference", [60, 1000], ids=["tiny reference", "large reference"])
def test_unchanged_traffic_stays_within_the_run_length(direction, reference):
    rng = np.random.default_rng(0)
    streams, length, run_length = 60, 1000, 1000
    raised = 0

    for seed in range(streams):
        detector = ShiryaevRoberts(
            cells(rng, reference), window=100, direction=direction, seed=seed
        )
        detector.allow(Allowance(alarms=1, requests=run_length))
        raised += alarms(detector, cells(rng, length))

    allowed = streams * length / run_length
    assert 0 < raised <= allowed


def test_half_of_all_values_tied_in_one_cell_stay_within_the_run_length():
    rng = np.random.default_rng(1)
    raised = 0

    for seed in range(60):
        reference, traffic = (rng.choice([0, 0, 0, 8, 16], size=n).tolist() for n in (300, 1000))
        detector = ShiryaevRoberts(reference, window=100, direction="higher", seed=seed)
        detector.allow(Allowance(alarms=1, requests=1000))
        raised += alarms(detector, traffic)

    assert raised <= 60


def test_a_large_jump_is_an_alarm_within_a_few_values():
    rng = np.random.default_rng(2)
    detector = ShiryaevRoberts(cells(rng, 300), window=100, direction="higher", seed=1)
    detector.allow(Allowance(alarms=1 / 6, requests=30_000))
    for value in cells(rng, 500):
        detector.update(value)
    before = detector.evidence().ratio

    for _ in range(15):
        detector.update(60)

    assert before < 1
    assert detector.evidence().ratio >= 1


def test_a_fall_is_no_alarm_where_only_a_rise_worries():
    rng = np.random.default_rng(3)
    ratios = {}

    for direction in ("higher", "either"):
        detector = ShiryaevRoberts(cells(rng, 300), window=100, direction=direction, seed=1)
        detector.allow(Allowance(alarms=1 / 6, requests=30_000))
        for _ in range(40):
            detector.update(0)
        ratios[direction] = detector.evidence().ratio

    assert ratios["higher"] < 0.5
    assert ratios["either"] >= 1


def test_evidence_leaves_the_view_after_a_window():
    rng = np.random.default_rng(4)
    detector = ShiryaevRoberts(cells(rng, 300), window=40, direction="higher", seed=1)
    detector.allow(Allowance(alarms=1 / 6, requests=30_000))
    for _ in range(12):
        detector.update(60)
    seen = detector.evidence().ratio

    for value in cells(rng, 60):
        detector.update(value)

    assert seen >= 1
    assert detector.evidence().ratio < 0.7


def test_a_restored_detector_goes_on_exactly():
    rng = np.random.default_rng(5)
    reference, traffic = cells(rng, 100), cells(rng, 300)
    whole, copy = (
        ShiryaevRoberts(reference, window=40, direction="either", seed=7) for _ in range(2)
    )
    for value in traffic[:171]:
        whole.update(value)

    copy.restore(json.loads(json.dumps(whole.state())))
    for value in traffic[171:]:
        whole.update(value)
        copy.update(value)

    assert copy.state() == whole.state()
    assert copy.evidence() == whole.evidence()


def test_random_ties_are_uniform_and_repeatable():
    drawn = np.array([unit_interval(17, count) for count in range(4000)])

    assert abs(drawn.mean() - 0.5) < 0.02
    assert 0 < drawn.min() < drawn.max() < 1
    assert unit_interval(17, 5) == drawn[5]
    assert unit_interval(18, 5) != drawn[5]
