"""What the gateway counts, in Prometheus form. Label values come from bounded sets only.

A request for a model that does not exist is counted under ``unknown``, so that nobody can make
series by asking for names. The series of a version go when the version is freed.
"""

from collections import Counter as Tally
from collections.abc import Sequence

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from registry.serving.engine import Generated, Labelled, Prediction
from specs.names import NO_LABEL

UNKNOWN = "unknown"
OTHER = "other"
MAX_LABELS = 100
"""Labels of one version that get a series of their own; the rest is counted as ``other``."""
DURATION_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
CONFIDENCE_BUCKETS = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 1.0)


class Metrics:
    """The gateway's metrics, in a registry of their own."""

    def __init__(self) -> None:
        self.collectors = own = CollectorRegistry()
        of_version = ["model", "version"]
        self._requests = Counter(
            "trueup_requests", "Requests answered.", [*of_version, "outcome"], registry=own
        )
        self._duration = Histogram(
            "trueup_request_duration_seconds",
            "Time from the first byte of a request to its answer.",
            ["model"],
            buckets=DURATION_BUCKETS,
            registry=own,
        )
        self._predictions = Counter(
            "trueup_predictions", "Texts answered, by label.", [*of_version, "label"], registry=own
        )
        self._confidence = Histogram(
            "trueup_prediction_confidence_ratio",
            "Probability of the label that was answered.",
            of_version,
            buckets=CONFIDENCE_BUCKETS,
            registry=own,
        )
        self._live = Gauge(
            "trueup_live_version", "The version that answers.", ["model"], registry=own
        )
        self._dropped = Counter(
            "trueup_capture_dropped", "Answers not captured.", ["model"], registry=own
        )
        self._load_failures = Counter(
            "trueup_version_load_failures",
            "Attempts to load a version that failed.",
            ["model"],
            registry=own,
        )
        self._poll_failures = Counter(
            "trueup_registry_poll_failures", "Looks at the registry that failed.", registry=own
        )

    def count_request(self, model: str, version: int | None, outcome: str) -> None:
        """Count one request by how it ended. ``version`` is None where none was asked."""
        self._requests.labels(model, _name(version), outcome).inc()

    def time_request(self, model: str, seconds: float) -> None:
        """Record how long a request took, whatever its outcome."""
        self._duration.labels(model).observe(seconds)

    def count_predictions(
        self, model: str, version: int, predictions: Sequence[Prediction], *, labels: Sequence[str]
    ) -> None:
        """Count the answers of one request. ``labels`` is the version's label list.

        Each label of a set counts by itself, an empty set as ``(none)``.
        """
        classified = [one for one in predictions if not isinstance(one, Generated)]
        counted = frozenset(labels[:MAX_LABELS])
        answered = (
            label
            for one in classified
            for label in (one.labels or (NO_LABEL,) if isinstance(one, Labelled) else (one.label,))
        )
        tally = Tally(
            label if label in counted or label == NO_LABEL else OTHER for label in answered
        )
        for label, count in tally.items():
            self._predictions.labels(model, _name(version), label).inc(count)
        confidence = self._confidence.labels(model, _name(version)) if classified else None
        for one in classified:
            assert confidence is not None
            confidence.observe(one.score)

    def show_live(self, model: str, version: int | None) -> None:
        """Say which version answers; None: no version does."""
        if version is None:
            self._live.remove(model)
        else:
            self._live.labels(model).set(version)

    def count_dropped(self, model: str, count: int) -> None:
        """Count answers that could not be captured."""
        self._dropped.labels(model).inc(count)

    def count_load_failure(self, model: str) -> None:
        """Count one failed attempt to load a version."""
        self._load_failures.labels(model).inc()

    def count_poll_failure(self) -> None:
        """Count one failed look at the registry."""
        self._poll_failures.inc()

    def forget(self, model: str, version: int) -> None:
        """Drop the series of a version that is freed."""
        of_version = {"model": model, "version": _name(version)}
        for metric in (self._requests, self._predictions, self._confidence):
            metric.remove_by_labels(of_version)


def _name(version: int | None) -> str:
    return "none" if version is None else str(version)
