import pytest

from monitors.plan import Target, build_evaluator, monitoring_of, seed_of
from monitors.windows import Reference, ReferenceRow
from specs.monitoring import Monitoring
from tests.unit.monitors.desk import foreign, one_label, reference, traffic

WINDOW = 100


def evaluator(*, window=WINDOW, rows=None, **monitoring):
    return build_evaluator(
        Target("desk", 1),
        rows or reference(),
        Monitoring.model_validate({"window": {"size": window}} | monitoring),
        least_requests_per_day=1000,
    )


def alarms(findings):
    return {f.draft.detector for f in findings if f.draft.is_alarm}


def first_alarm(findings, detector):
    return min(f.sequence for f in findings if f.draft.is_alarm and f.draft.detector == detector)


@pytest.mark.parametrize("seed", range(4), ids=lambda seed: f"stream {seed}")
def test_unchanged_traffic_raises_no_alarm(seed):
    watched = evaluator(rows=reference(seed=100 + seed))

    findings = watched.observe(traffic(1500, seed=seed))

    assert alarms(findings) == set()


def test_unchanged_traffic_gives_one_row_per_detector_and_window():
    watched = evaluator()

    findings = watched.observe(traffic(1500))

    per_detector = [f.sequence for f in findings if f.draft.detector == "text_length"]
    assert per_detector == list(range(100, 1501, 100))


@pytest.mark.parametrize(
    ("draw", "detector"),
    [(foreign, "text_vocabulary"), (one_label, "prediction")],
    ids=["another language", "70 % to one label"],
)
@pytest.mark.parametrize("window", [100, 200])
def test_a_large_change_is_an_alarm_within_a_window_and_a_half(draw, detector, window):
    watched = evaluator(window=window)
    before = watched.observe(traffic(3 * window))

    after = watched.observe(traffic(2 * window, draw=draw, first=3 * window + 1))

    assert alarms(before) == set()
    assert first_alarm(after, detector) - 3 * window <= 1.5 * window


def test_an_alarm_carries_its_cause_and_evidence_in_one_unit():
    watched = evaluator()

    findings = watched.observe(traffic(200, draw=one_label))

    draft = next(f.draft for f in findings if f.draft.detector == "prediction" and f.draft.is_alarm)
    assert draft.cause["labels"][0]["label"] == "delivery"
    assert draft.cause["sequence"] == 100
    assert draft.evidence_ratio == pytest.approx(draft.statistic / draft.threshold)
    assert draft.evidence_ratio >= 1
    assert draft.n == 100


def test_an_alarm_ends_when_traffic_is_as_it_was():
    watched = evaluator()
    watched.observe(traffic(300))
    watched.observe(traffic(150, draw=foreign, first=301))

    after = watched.observe(traffic(1500, first=451))

    ended = [f for f in after if f.draft.detector == "text_vocabulary" and not f.draft.is_alarm]
    assert ended
    assert ended[0].sequence - 450 <= 9 * WINDOW


@pytest.mark.parametrize("size", [1, 7, 64, 1000], ids=lambda size: f"batches of {size}")
def test_batches_of_any_size_give_the_same_signals(size):
    stream = traffic(300) + traffic(300, draw=foreign, first=301)
    whole, parted = evaluator(), evaluator()
    expected = whole.observe(stream)

    found = [
        finding
        for start in range(0, len(stream), size)
        for finding in parted.observe(stream[start : start + size])
    ]

    assert found == expected


def test_generated_text_is_watched_without_labels():
    rows = tuple(ReferenceRow(row.text, None) for row in reference().rows)

    watched = evaluator(rows=Reference(reference().vocabulary, rows))

    assert [watch.name for watch in watched.watches] == ["text_vocabulary", "text_length"]


def test_a_reference_that_is_too_small_runs_no_detector():
    watched = evaluator(rows=reference(49))

    findings = watched.observe(traffic(500, draw=foreign))

    assert watched.watches == ()
    assert findings == []
    assert len(watched.window) == WINDOW


def test_only_declared_detectors_run():
    watched = evaluator(detectors=["prediction"])

    assert [watch.name for watch in watched.watches] == ["prediction"]


def test_monitoring_is_read_from_the_stored_spec():
    stored = {"task": "text-classification", "monitoring": {"window": {"size": 120}}}

    assert monitoring_of(stored).window.size == 120
    assert monitoring_of({"kind": "Model", "spec": stored}).window.size == 120
    assert monitoring_of(None) == Monitoring()


def test_seeds_differ_by_version_and_detector_and_never_by_process():
    seeds = {seed_of(Target("desk", n), d) for n in (1, 2) for d in ("a", "b")}

    assert len(seeds) == 4
    assert seed_of(Target("desk", 1), "text_length") == 6454529119374000836
