"""``spec.evaluation``: what is measured."""

from typing import Literal

from pydantic import Field

from specs.bias import Bias
from specs.judge import Judge
from specs.lm_eval import LmEvalTask
from specs.metrics import METRIC_FACTS, metrics_of_kind
from specs.paths import OwnSchema
from specs.perturbations import Noise
from specs.robustness import Robustness
from specs.section import Section
from specs.weak_slices import WeakSlices

Task = Literal["text-classification", "causal-lm"]

CLASSIFICATION_METRICS = metrics_of_kind("text-classification")
MULTI_LABEL_METRICS = metrics_of_kind("multi-label")
"""Of text-classification with ``data.columns.labels``; accuracy: all labels of a row are right."""
GENERATION_METRICS = metrics_of_kind("causal-lm")
DERIVED_METRICS = ("overfit_gap",)
"""Always measured: how much better a version knows the rows it was trained on.

Training rows less held-out rows, of the accuracy for text-classification, and for causal-lm of the
probability per token that it gives the wanted answers.
"""
KNOWN_METRICS = frozenset({*METRIC_FACTS, *DERIVED_METRICS})
"""The metrics of every task."""
LOWER_IS_BETTER = frozenset(
    {"overfit_gap", *(name for name, facts in METRIC_FACTS.items() if facts.is_lower_better)}
)
"""Every metric not named here is better when it is higher."""
UNBOUNDED_METRICS = frozenset(name for name, facts in METRIC_FACTS.items() if facts.is_unbounded)
"""Every metric not named here is a share, or a difference of shares."""
MEASURED_ON_ALL_ROWS = frozenset(DERIVED_METRICS)
"""Metrics that compare with the training rows, and so have no value on a slice."""


class Explain(Section):
    """How many held-out rows get an explanation."""

    samples: int = Field(default=200, ge=1)
    """Held-out rows that get an explanation: half of them wrong answers, the rest spread over the
    labels."""


class Evaluation(Section):
    """What is measured on held-out rows."""

    metrics: list[str] | None = None
    """What is measured; null: all metrics of the task that need nothing declared."""
    pattern: str | None = Field(default=None, examples=["^[A-Z]{2}-[0-9]+$"])
    """causal-lm: what must be found in an answer for ``pattern_match``, as RE2 writes it; null: the
    metric is not measured."""
    json_schema: OwnSchema | None = Field(default=None, examples=["schemas/answer.json"])
    """causal-lm: file of the repository with the JSON schema that an answer must satisfy for
    ``json_valid``; null: the metric is not measured."""
    judge: Judge | None = None
    """causal-lm: another model that scores the answers for ``judge_score``; null: none."""
    lm_eval: dict[str, LmEvalTask] = {}
    """causal-lm: name → a task of lm-evaluation-harness, which is the extra ``lm-eval``."""
    robustness: list[Noise] | Robustness = []
    """Kinds of noise under which the test rows are measured again: a list of them, or a mapping
    with more."""
    bias: Bias | None = None
    """Counterfactual swaps and groups that are compared; null: none."""
    weak_slices: WeakSlices | None = WeakSlices()
    """Slices nobody declared that are worse than the rest; null: they are not searched."""
    explain: Explain | None = None
    """text-classification: which words single answers come from; null: none."""

    @property
    def noise(self) -> Robustness:
        """``robustness`` in its long form."""
        found = self.robustness
        return found if isinstance(found, Robustness) else Robustness(perturbations=found)

    @property
    def own_files(self) -> dict[str, tuple[str, ...]]:
        """Files of the repository that evaluation reads: path → the field that names it."""
        named: dict[tuple[str, ...], str | None] = {
            ("robustness", "paraphrases"): self.noise.paraphrases,
            ("json_schema",): self.json_schema,
            ("judge", "prompt"): None if self.judge is None else self.judge.prompt,
        }
        for name, task in self.lm_eval.items():
            named["lm_eval", name, "config"] = task.config
            named["lm_eval", name, "data"] = task.data
        if self.bias is not None:
            named["bias", "templates"] = self.bias.templates
            named |= {("bias", "terms", name): path for name, path in self.bias.terms.items()}
        return {path: field for field, path in named.items() if path is not None}
