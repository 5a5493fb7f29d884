"""What the controller tells Prometheus about itself."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from registry.records import GateReport, Verdict


class ControllerMetrics:
    """One registry's worth of metrics; made once, by the process that serves them."""

    def __init__(self) -> None:
        """All series belong to a registry of their own, never to the global one."""
        self.registry = CollectorRegistry()
        self.passes = Counter(
            "trueup_reconcile_total",
            "Looks at a model",
            ["trigger", "outcome"],
            registry=self.registry,
        )
        self.pass_seconds = Histogram(
            "trueup_reconcile_duration_seconds",
            "Time of one look at a model",
            buckets=(0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10),
            registry=self.registry,
        )
        self.queue_depth = Gauge(
            "trueup_reconcile_queue_models", "Models that wait for a look", registry=self.registry
        )
        self.source_up = Gauge(
            "trueup_source_up_ratio",
            "1 while the repository can be read, else 0",
            registry=self.registry,
        )
        self.live_blocked = Gauge(
            "trueup_live_blocking_verdicts",
            "Gates declared now that the live version does not pass, on the rows declared now",
            ["model", "verdict"],
            registry=self.registry,
        )
        self.notice_seconds = Histogram(
            "trueup_commit_notice_duration_seconds",
            "Time from a fetch being due to its specs being read",
            buckets=(0.01, 0.03, 0.1, 0.3, 1, 3, 10),
            registry=self.registry,
        )

    def saw_live(self, model: str, report: GateReport | None) -> None:
        """Show how the live version does by what is declared now; None: not known, or none live."""
        if report is None:
            self.forget(model)
            return
        for verdict in (Verdict.FAIL, Verdict.INCONCLUSIVE):
            count = sum(one.blocks and one.verdict is verdict for one in report.verdicts)
            self.live_blocked.labels(model, verdict).set(count)

    def forget(self, model: str) -> None:
        """Show nothing of a model any more."""
        self.live_blocked.remove_by_labels({"model": model})
