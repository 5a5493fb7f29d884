"""What Prometheus sees of the monitors: values kept by the service, collected on a scrape.

A scrape reads what the last pass published and touches neither detectors nor the database.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from monitors.evaluator import Evaluator

_OF_DETECTOR = ("model", "version", "detector")
_OF_VERSION = ("model", "version")


@dataclass(frozen=True)
class DetectorValues:
    """One detector, as exported."""

    name: str
    evidence_ratio: float
    statistic: float
    is_alarm: bool


@dataclass(frozen=True)
class ModelValues:
    """One model's live version, as exported."""

    model: str
    version: int
    window_requests: int
    reference_rows: int
    detectors: tuple[DetectorValues, ...]
    evaluated_at: float
    """Seconds since the epoch of the last complete pass over this model."""


def values_of(evaluator: Evaluator, *, evaluated_at: float) -> ModelValues:
    """Read what is exported off the detectors. One that knows nothing yet has no values."""
    looks = [(watch.name, watch.last) for watch in evaluator.watches]
    return ModelValues(
        model=evaluator.model,
        version=evaluator.version,
        window_requests=len(evaluator.window),
        reference_rows=len(evaluator.reference.rows),
        detectors=tuple(
            DetectorValues(name, look.evidence.ratio, look.evidence.log_evidence, look.is_alarm)
            for name, look in looks
            if look is not None
        ),
        evaluated_at=evaluated_at,
    )


class Exporter(Collector):
    """Prometheus collector over the published values; safe to scrape from another thread."""

    def __init__(self) -> None:
        """Start with no model at all."""
        self._models: dict[str, ModelValues] = {}
        self._failing: dict[str, bool] = {}

    def publish(self, values: ModelValues) -> None:
        """Show these values from now on; those of the model's earlier version vanish."""
        self._models = self._models | {values.model: values}
        self._failing = self._failing | {values.model: False}

    def publish_failure(self, model: str) -> None:
        """Show that the last pass over a model failed. Its values stay, and grow old."""
        self._failing = self._failing | {model: True}

    def keep(self, models: Iterable[str]) -> None:
        """Forget all models but these."""
        kept = set(models)
        self._models = {name: v for name, v in self._models.items() if name in kept}
        self._failing = {name: v for name, v in self._failing.items() if name in kept}

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Give all metrics, of one consistent set of values."""
        models = tuple(self._models.values())
        yield from _detector_metrics(models)
        yield from _version_metrics(models)
        yield _gauge(
            "trueup_monitor_last_evaluation_timestamp_seconds",
            "When the live version's traffic was last looked at.",
            ("model",),
            [((v.model,), v.evaluated_at) for v in models],
        )
        yield _gauge(
            "trueup_monitor_failing",
            "1 while the last look at the model's traffic failed, else 0; the log says why.",
            ("model",),
            [((model,), float(failing)) for model, failing in self._failing.items()],
        )


Samples = list[tuple[tuple[str, ...], float]]


def _detector_metrics(models: tuple[ModelValues, ...]) -> Iterator[GaugeMetricFamily]:
    each = [((v.model, str(v.version), d.name), d) for v in models for d in v.detectors]
    yield _gauge(
        "trueup_data_drift_evidence_ratio",
        "Log evidence of data drift over its log threshold: 1 means alarm, whatever the detector.",
        _OF_DETECTOR,
        [(labels, d.evidence_ratio) for labels, d in each],
    )
    yield _gauge(
        "trueup_data_drift_statistic",
        "Log evidence of data drift in nats: of the e-value, or minus that of the p-value.",
        _OF_DETECTOR,
        [(labels, d.statistic) for labels, d in each],
    )
    yield _gauge(
        "trueup_data_drift_alarm",
        "1 while the detector is in alarm, else 0.",
        _OF_DETECTOR,
        [(labels, float(d.is_alarm)) for labels, d in each],
    )


def _version_metrics(models: tuple[ModelValues, ...]) -> Iterator[GaugeMetricFamily]:
    each = [((v.model, str(v.version)), v) for v in models]
    yield _gauge(
        "trueup_monitor_window_requests",
        "Requests in the current window.",
        _OF_VERSION,
        [(labels, float(v.window_requests)) for labels, v in each],
    )
    yield _gauge(
        "trueup_monitor_reference_rows",
        "Rows in the reference window; with fewer than 50 no detector runs.",
        _OF_VERSION,
        [(labels, float(v.reference_rows)) for labels, v in each],
    )


def _gauge(name: str, text: str, labels: tuple[str, ...], samples: Samples) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, text, labels=labels)
    for values, value in samples:
        family.add_metric(values, value)
    return family
