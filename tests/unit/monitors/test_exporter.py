from prometheus_client import CollectorRegistry
from prometheus_client.exposition import generate_latest

from monitors.exporter import DetectorValues, Exporter, ModelValues, values_of
from tests.unit.monitors.desk import foreign, traffic
from tests.unit.monitors.test_evaluator import evaluator

VALUES = ModelValues(
    model="desk",
    version=2,
    window_requests=40,
    reference_rows=300,
    detectors=(DetectorValues("prediction", 0.5, 4.2, is_alarm=False),),
    evaluated_at=1234.5,
)


def scraped(exporter):
    collectors = CollectorRegistry()
    collectors.register(exporter)
    return generate_latest(collectors).decode()


def test_every_metric_carries_its_model_and_version():
    exporter = Exporter()

    exporter.publish(VALUES)

    text = scraped(exporter)
    of_detector = '{detector="prediction",model="desk",version="2"}'
    for line in (
        f"trueup_data_drift_evidence_ratio{of_detector} 0.5",
        f"trueup_data_drift_statistic{of_detector} 4.2",
        f"trueup_data_drift_alarm{of_detector} 0.0",
        'trueup_monitor_window_requests{model="desk",version="2"} 40.0',
        'trueup_monitor_reference_rows{model="desk",version="2"} 300.0',
        'trueup_monitor_last_evaluation_timestamp_seconds{model="desk"} 1234.5',
        'trueup_monitor_failing{model="desk"} 0.0',
    ):
        assert line in text


def test_an_earlier_version_leaves_the_metrics():
    exporter = Exporter()
    exporter.publish(VALUES)

    exporter.publish(ModelValues("desk", 3, 0, 300, (), 1300.0))

    assert 'version="2"' not in scraped(exporter)


def test_a_model_that_is_no_longer_live_leaves_the_metrics():
    exporter = Exporter()
    exporter.publish(VALUES)

    exporter.keep(["other"])

    assert "desk" not in scraped(exporter)


def test_a_failed_look_shows_and_keeps_the_last_values():
    exporter = Exporter()
    exporter.publish(VALUES)

    exporter.publish_failure("desk")

    assert 'trueup_monitor_failing{model="desk"} 1.0' in scraped(exporter)
    assert "1234.5" in scraped(exporter)


def test_an_alarm_is_exported_as_a_ratio_of_one_or_more():
    watched = evaluator()
    watched.observe(traffic(100, draw=foreign))

    values = values_of(watched, evaluated_at=1.0)

    found = {d.name: d for d in values.detectors}
    assert found["text_vocabulary"].is_alarm
    assert found["text_vocabulary"].evidence_ratio >= 1
    assert values.window_requests == 100


def test_a_detector_that_knows_nothing_yet_exports_nothing():
    watched = evaluator()
    watched.observe(traffic(30))

    values = values_of(watched, evaluated_at=1.0)

    assert {d.name for d in values.detectors} == {"text_vocabulary", "text_length"}
