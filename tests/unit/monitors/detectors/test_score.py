import json

import numpy as np

from monitors.detectors.base import Allowance
from monitors.detectors.score import ScoreDetector, cell_of_length, cell_of_ratio
from monitors.detectors.shiryaev_roberts import CELLS


def test_cells_cover_every_ratio_and_length_in_order():
    ratios = [cell_of_ratio(i / 100) for i in range(101)]
    lengths = [cell_of_length(n) for n in range(0, 1_000_000, 977)]

    assert ratios == sorted(ratios)
    assert lengths == sorted(lengths)
    assert (ratios[0], ratios[-1]) == (0, CELLS - 1)
    assert (lengths[0], lengths[-1]) == (0, CELLS - 1)


def test_a_jump_is_found_before_a_window_is_full():
    rng = np.random.default_rng(0)
    detector = ScoreDetector(
        rng.integers(0, 10, 300).tolist(), window=200, direction="higher", seed=3
    )
    detector.allow(Allowance(alarms=1 / 3, requests=30_000))

    for _ in range(25):
        detector.update(40)

    assert detector.evidence().ratio >= 1
    assert detector.evidence().test == "fast"


def test_a_change_that_stays_is_still_seen_when_the_fast_test_has_learned_it():
    rng = np.random.default_rng(1)
    detector = ScoreDetector(
        rng.integers(0, 30, 300).tolist(), window=100, direction="higher", seed=3
    )
    detector.allow(Allowance(alarms=1 / 3, requests=30_000))

    for value in rng.integers(6, 36, 5000).tolist():
        detector.update(value)

    assert detector.evidence().ratio >= 1
    assert detector.evidence().test == "trailing"


def test_a_restored_detector_goes_on_exactly():
    rng = np.random.default_rng(2)
    reference, traffic = rng.integers(0, 30, 200).tolist(), rng.integers(0, 30, 500).tolist()
    whole, copy = (
        ScoreDetector(reference, window=100, direction="either", seed=9) for _ in range(2)
    )
    for value in traffic[:222]:
        whole.update(value)

    copy.restore(json.loads(json.dumps(whole.state())))
    for value in traffic[222:]:
        whole.update(value)
        copy.update(value)

    assert copy.evidence() == whole.evidence()
    assert copy.state() == whole.state()
