"""The root of a spec file: one YAML file, one model."""

from typing import Literal

from pydantic import Field, model_validator

from specs.data import Data
from specs.evaluation import (
    CLASSIFICATION_METRICS,
    DERIVED_METRICS,
    GENERATION_METRICS,
    Evaluation,
    Gate,
)
from specs.monitoring import Monitoring
from specs.names import ModelName
from specs.section import Section
from specs.serving import Promotion, Serving
from specs.training import Base, Compute, Training

Task = Literal["text-classification", "causal-lm"]


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
        of_task = GENERATION_METRICS if self.task == "causal-lm" else CLASSIFICATION_METRICS
        chosen = self.evaluation.metrics
        kept = [name for name in of_task if chosen is None or name in chosen]
        derived = DERIVED_METRICS if self.task == "text-classification" else ()
        return (*kept, *derived)

    @model_validator(mode="after")
    def _columns_fit_the_task(self) -> "Spec":
        columns = self.data.columns
        paired = columns.prompt is not None and columns.completion is not None
        if self.task == "causal-lm" and not paired and columns.messages is None:
            raise ValueError("data.columns needs prompt and completion, or messages, for causal-lm")
        return self


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
