"""Every metric of an evaluation: which tasks it is for, its direction, and what it needs. Pure.

How each is computed, and its interval, stands in ``controller/evaluation``; a page for readers is
docs/reference/evaluation-metrics.md.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Kind = Literal["text-classification", "multi-label", "causal-lm"]
"""A task; text-classification with ``data.columns.labels`` is a kind of its own."""

_ONE: tuple[Kind, ...] = ("text-classification",)
_SETS: tuple[Kind, ...] = ("multi-label",)
_LABELS: tuple[Kind, ...] = ("text-classification", "multi-label")
_TEXT: tuple[Kind, ...] = ("causal-lm",)


@dataclass(frozen=True)
class MetricFacts:
    """What a spec may know of a metric."""

    kinds: tuple[Kind, ...]
    asked_for: tuple[Kind, ...] = ()
    """Kinds for which it is measured only where ``evaluation.metrics`` names it."""
    is_lower_better: bool = False
    is_unbounded: bool = False
    """Every other metric is a share, or a difference of shares."""
    needs: str | None = None
    """The field of ``evaluation`` without which it cannot be measured."""


METRIC_FACTS: Mapping[str, MetricFacts] = {
    "accuracy": MetricFacts(_LABELS),
    "precision_macro": MetricFacts(_LABELS),
    "recall_macro": MetricFacts(_LABELS),
    "f1_macro": MetricFacts(_LABELS),
    # Of single labels, each of the three is the accuracy.
    "precision_micro": MetricFacts(_LABELS, asked_for=_ONE),
    "recall_micro": MetricFacts(_LABELS, asked_for=_ONE),
    "f1_micro": MetricFacts(_LABELS, asked_for=_ONE),
    "loss": MetricFacts((*_LABELS, *_TEXT), is_lower_better=True, is_unbounded=True),
    "roc_auc": MetricFacts(_LABELS),
    "expected_calibration_error": MetricFacts(_ONE, is_lower_better=True),
    "calibration_excess": MetricFacts(_ONE, is_lower_better=True),
    "perplexity": MetricFacts(_TEXT, is_lower_better=True, is_unbounded=True),
    "exact_match": MetricFacts(_TEXT),
    "token_f1": MetricFacts(_TEXT),
    "rouge_l": MetricFacts(_TEXT),
    "chrf": MetricFacts(_TEXT),
    "pattern_match": MetricFacts(_TEXT, needs="pattern"),
    "json_valid": MetricFacts(_TEXT, needs="json_schema"),
    "judge_score": MetricFacts(_TEXT, needs="judge"),
}
"""Every metric that is a function of the held-out rows, in the order in which they are shown."""


def metrics_of_kind(kind: Kind) -> tuple[str, ...]:
    """Every metric that fits a kind of task."""
    return tuple(name for name, facts in METRIC_FACTS.items() if kind in facts.kinds)


def is_asked_for(metric: str, kind: Kind) -> bool:
    """Whether a metric is measured only where a spec names it."""
    return kind in METRIC_FACTS[metric].asked_for
