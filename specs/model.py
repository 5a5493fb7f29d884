"""The root of a spec file: one YAML file, one model."""

from typing import Literal

from pydantic import Field

from specs.data import Data
from specs.evaluation import Evaluation, Gate, Task, derived_metrics_of, metrics_of
from specs.monitoring import Monitoring
from specs.names import ModelName
from specs.section import Section
from specs.serving import Promotion, Serving
from specs.training import Base, Compute, Training


class Metadata(Section):
    """Who this model is, and whose."""

    name: ModelName
    owner: str | None = None
    labels: dict[str, str] = {}


class Spec(Section):
    """What is wanted of one model."""

    task: Task
    base: Base
    data: Data
    training: Training = Training()
    compute: Compute = Compute()
    evaluation: Evaluation = Evaluation()
    gates: list[Gate] = Field(min_length=1)
    """Required: success is defined before anything is trained."""
    promotion: Promotion = Promotion()
    serving: Serving = Serving()
    monitoring: Monitoring = Monitoring()

    @property
    def metrics(self) -> tuple[str, ...]:
        """The metrics that are evaluated, derived ones included, in a fixed order."""
        chosen = self.evaluation.metrics
        kept = [name for name in metrics_of(self.task) if chosen is None or name in chosen]
        return (*kept, *derived_metrics_of(self.task))


class ModelSpec(Section):
    """One YAML file: ``apiVersion``, ``kind``, ``metadata`` and ``spec``."""

    apiVersion: Literal["trueup/v1"]  # noqa: N815  (the field's name in every GitOps tool)
    kind: Literal["Model"]
    metadata: Metadata
    spec: Spec

    @property
    def name(self) -> str:
        """The model's name."""
        return self.metadata.name
