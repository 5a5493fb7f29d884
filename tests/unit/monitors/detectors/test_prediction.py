import json
import math

import numpy as np
import pytest

from monitors.detectors.base import Allowance
from monitors.detectors.prediction import PredictionDetector, log_p_same_mix, pooled

MIX = np.array([30, 20, 15, 10, 8, 6, 4, 3, 2, 2]) / 100
LABELS = [f"label-{i}" for i in range(len(MIX))]
MONTHLY = Allowance(alarms=1 / 3, requests=30_000)


def draw(rng, n, mix=MIX):
    return list(rng.choice(LABELS, size=n, p=mix))


def feed(detector, labels):
    for label in labels:
        detector.update(label)
    return detector.evidence()


def test_says_nothing_before_the_first_full_window():
    detector = PredictionDetector(draw(np.random.default_rng(0), 300), window=100)

    evidence = feed(detector, LABELS[:1] * 99)

    assert evidence is None


def test_a_label_that_takes_70_percent_is_an_alarm_in_the_first_window():
    rng = np.random.default_rng(1)
    detector = PredictionDetector(draw(rng, 300), window=100)
    detector.allow(MONTHLY)
    moved = 0.3 * MIX
    moved[5] += 0.7

    evidence = feed(detector, draw(rng, 100, moved))

    assert evidence.ratio > 2
    assert evidence.windows == 1


def test_a_label_that_the_reference_never_had_is_an_alarm():
    rng = np.random.default_rng(2)
    detector = PredictionDetector(draw(rng, 300), window=100)
    detector.allow(MONTHLY)

    evidence = feed(detector, ["unheard of"] * 40 + draw(rng, 60))

    assert evidence.ratio > 1


def test_a_small_move_is_found_over_several_windows():
    rng = np.random.default_rng(3)
    detector = PredictionDetector(draw(rng, 2000), window=200)
    detector.allow(MONTHLY)
    moved = 0.9 * MIX
    moved[4] += 0.1

    evidence = feed(detector, draw(rng, 1600, moved))

    assert evidence.ratio > 1
    assert evidence.windows > 1


@pytest.mark.parametrize(("reference", "current"), [(300, 100), (300, 800), (2000, 500)], ids=str)
def test_p_values_are_small_as_rarely_as_they_say(reference, current):
    rng = np.random.default_rng(4)
    draws = 4000

    found = np.array(
        [
            log_p_same_mix(*rng.multinomial([reference, current], MIX).astype(float))
            for _ in range(draws)
        ]
    )

    for level in (0.05, 0.01, 0.002):
        allowed = draws * level + 3 * math.sqrt(draws * level)
        assert (found < math.log(level)).sum() <= allowed
    assert (found < math.log(0.05)).mean() > 0.03


def test_rare_labels_share_cells_that_expect_five_in_both_samples():
    reference, current = np.array([50.0, 1, 1, 1, 1, 1, 20]), np.array([20.0, 1, 0, 0, 1, 0, 10])

    groups = pooled(reference, current)

    totals = np.bincount(groups, weights=reference + current)
    share = current.sum() / (reference.sum() + current.sum())
    assert (totals * share >= 5).all()
    assert groups[0] != groups[6]


def test_one_label_alone_is_no_evidence():
    assert log_p_same_mix(np.array([300.0]), np.array([100.0])) == 0


def test_a_restored_detector_goes_on_exactly():
    rng = np.random.default_rng(5)
    reference, traffic = draw(rng, 300), draw(rng, 730) + ["new"] * 20
    whole = PredictionDetector(reference, window=100)
    feed(whole, traffic[:555])
    copy = PredictionDetector(reference, window=100)

    copy.restore(json.loads(json.dumps(whole.state())))

    assert copy.evidence() == whole.evidence()
    assert feed(copy, traffic[555:]) == feed(whole, traffic[555:])
    assert copy.state() == whole.state()
