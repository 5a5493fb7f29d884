from prometheus_client import generate_latest

from registry.serving.engine import Classified, Generated, Labelled
from registry.serving.metrics import MAX_LABELS, Metrics


def exported(metrics: Metrics) -> str:
    return generate_latest(metrics.collectors).decode()


def classified(label: str, score: float = 0.9) -> Classified:
    return Classified(label, score, {label: score})


def test_a_request_is_counted_by_model_version_and_outcome():
    metrics = Metrics()

    metrics.count_request("intents", 3, "ok")
    metrics.count_request("intents", None, "no_live_version")

    text = exported(metrics)
    assert 'trueup_requests_total{model="intents",outcome="ok",version="3"} 1.0' in text
    assert 'outcome="no_live_version",version="none"} 1.0' in text


def test_predictions_are_counted_by_label_and_their_confidence_is_kept():
    metrics = Metrics()

    metrics.count_predictions(
        "intents", 3, [classified("a"), classified("a"), classified("b", 0.3)], labels=["a", "b"]
    )

    text = exported(metrics)
    assert 'trueup_predictions_total{label="a",model="intents",version="3"} 2.0' in text
    confidence = 'trueup_prediction_confidence_ratio_bucket{le="0.3",model="intents",version="3"}'
    assert f"{confidence} 1.0" in text


def test_generated_texts_have_no_label_and_no_confidence():
    metrics = Metrics()

    metrics.count_predictions("mail", 1, [Generated("a reply")], labels=[])

    assert 'model="mail"' not in exported(metrics)


def test_labels_beyond_the_bound_share_one_series():
    metrics = Metrics()
    labels = [f"label-{n}" for n in range(MAX_LABELS + 50)]

    metrics.count_predictions("intents", 1, [classified(one) for one in labels], labels=labels)

    series = [
        line
        for line in exported(metrics).splitlines()
        if line.startswith("trueup_predictions_total{")
    ]
    assert len(series) == MAX_LABELS + 1
    assert 'trueup_predictions_total{label="other",model="intents",version="1"} 50.0' in series


def test_the_live_version_is_shown_and_taken_back():
    metrics = Metrics()

    metrics.show_live("intents", 4)
    shown = exported(metrics)
    metrics.show_live("intents", None)

    assert 'trueup_live_version{model="intents"} 4.0' in shown
    assert "trueup_live_version{" not in exported(metrics)


def test_the_series_of_a_freed_version_go_and_the_others_stay():
    metrics = Metrics()
    for version in (1, 2):
        metrics.count_request("intents", version, "ok")
        metrics.count_predictions("intents", version, [classified("a")], labels=["a"])

    metrics.forget("intents", 1)

    text = exported(metrics)
    assert 'version="1"' not in text
    assert text.count('version="2"') > 3


def test_each_label_of_a_set_is_counted_and_an_empty_set_as_none():
    metrics = Metrics()
    sets = [Labelled(["a", "b"], {}, 0.8), Labelled(["a"], {}, 0.8), Labelled([], {}, 0.8)]

    metrics.count_predictions("intents", 3, sets, labels=["a", "b"])

    text = exported(metrics)
    assert 'trueup_predictions_total{label="a",model="intents",version="3"} 2.0' in text
    assert 'trueup_predictions_total{label="(none)",model="intents",version="3"} 1.0' in text
