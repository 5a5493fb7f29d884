"""The root of a spec file: one YAML file, one model."""

from typing import Literal

from specs.data import Data
from specs.evaluation import (
    DERIVED_METRICS,
    Evaluation,
    Task,
)
from specs.gates import Gate, Override
from specs.metrics import METRIC_FACTS, Kind, is_asked_for, metrics_of_kind
from specs.monitoring import Monitoring
from specs.names import ModelName
from specs.section import Section
from specs.serving import Promotion, Serving
from specs.training import Base, Compute, Training


class Metadata(Section):
    """Who this model is, and whose."""

    name: ModelName
    """The model's name: in URLs, metrics, aliases and ``trueup`` commands. Renaming makes a new
    model."""
    owner: str | None = None
    """Who is asked when something is wrong; shown on pages."""
    labels: dict[str, str] = {}
    """Your own key-value pairs; no part of any digest."""


class Spec(Section):
    """What is wanted of one model."""

    task: Task
    """What the model does: choose a label for a text, or write a text."""
    base: Base
    data: Data
    training: Training = Training()
    compute: Compute = Compute()
    evaluation: Evaluation = Evaluation()
    gates: list[Gate] = []
    """Required, but with ``ungated: true``: success is defined before anything is trained."""
    ungated: bool = False
    """Every version goes live without being judged, on record; the only way to have no gates."""
    overrides: list[Override] = []
    """Verdicts that somebody answers for: they block nothing for a while, and stay on record."""
    promotion: Promotion = Promotion()
    serving: Serving = Serving()
    monitoring: Monitoring = Monitoring()

    @property
    def is_multi_label(self) -> bool:
        """Whether a row carries a set of labels instead of one."""
        return self.task == "text-classification" and self.data.columns.labels is not None

    @property
    def kind(self) -> str:
        """The task in words, as errors speak of it."""
        return f"multi-label {self.task}" if self.is_multi_label else self.task

    @property
    def metric_kind(self) -> Kind:
        """The task, as metrics tell tasks apart."""
        return "multi-label" if self.is_multi_label else self.task

    @property
    def measurable(self) -> tuple[str, ...]:
        """The metrics that can be measured for the task with what is declared, in fixed order."""
        return tuple(
            name
            for name in metrics_of_kind(self.metric_kind)
            if (needed := METRIC_FACTS[name].needs) is None
            or getattr(self.evaluation, needed) is not None
        )

    @property
    def metrics(self) -> tuple[str, ...]:
        """The metrics that are evaluated, derived ones included, in a fixed order."""
        chosen = self.evaluation.metrics
        kept = [
            name
            for name in self.measurable
            if (not is_asked_for(name, self.metric_kind) if chosen is None else name in chosen)
        ]
        return (*kept, *DERIVED_METRICS)


class ModelSpec(Section):
    """One YAML file: ``apiVersion``, ``kind``, ``metadata`` and ``spec``."""

    apiVersion: Literal["trueup/v1"]  # noqa: N815  (the field's name in every GitOps tool)
    """The version of this format."""
    kind: Literal["Model"]
    """What the file declares."""
    metadata: Metadata
    spec: Spec

    @property
    def name(self) -> str:
        """The model's name."""
        return self.metadata.name
