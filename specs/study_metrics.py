"""The metrics that studies add to those of the held-out rows: dotted names, known from the spec.

``<study>.<subject>.<quantity>``: the last part says what is measured, and so which way is better
and between which values it lies.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from specs.evaluation import (
    LOWER_IS_BETTER,
    MEASURED_ON_ALL_ROWS,
    UNBOUNDED_METRICS,
)
from specs.model import Spec


@dataclass(frozen=True)
class Quantity:
    """What the last part of a dotted name means."""

    lower_is_better: bool = True
    lowest: float = 0.0
    """The least value it can have; the greatest is 1."""
    is_unbounded: bool = False


QUANTITIES = {
    "accuracy": Quantity(lower_is_better=False),
    "exact_match": Quantity(lower_is_better=False),
    "token_f1": Quantity(lower_is_better=False),
    "acc": Quantity(lower_is_better=False),
    "acc_norm": Quantity(lower_is_better=False),
    "accuracy_drop": Quantity(lowest=-1.0),
    "exact_match_drop": Quantity(lowest=-1.0),
    "token_f1_drop": Quantity(lowest=-1.0),
    "loss_rise": Quantity(is_unbounded=True),
    "flip_rate": Quantity(),
    "score_gap": Quantity(),
    "selection_rate_gap": Quantity(),
    "accuracy_gap": Quantity(),
    "true_positive_rate_gap": Quantity(),
    "false_positive_rate_gap": Quantity(),
    "equalized_odds_gap": Quantity(),
    "exact_match_gap": Quantity(),
    "token_f1_gap": Quantity(),
    "faithfulness_gain": Quantity(lower_is_better=False, lowest=-1.0),
    "convergence_delta": Quantity(is_unbounded=True),
}
"""Last part of a dotted name → its meaning."""
GROUP_GAPS: Mapping[str, tuple[str, ...]] = {
    "text-classification": (
        "accuracy_gap",
        "selection_rate_gap",
        "true_positive_rate_gap",
        "false_positive_rate_gap",
        "equalized_odds_gap",
    ),
    "causal-lm": ("exact_match_gap", "token_f1_gap"),
}
"""Task → what is compared between groups."""


def _robustness(spec: Spec) -> tuple[str, ...]:
    wanted = spec.evaluation.noise
    kinds: list[str] = list(dict.fromkeys(wanted.perturbations))
    kinds += ["paraphrases"] if wanted.paraphrases is not None else []
    generates = spec.task == "causal-lm"
    rights = ("exact_match", "token_f1") if generates else ("accuracy",)
    of_kind = [f"{right}_drop" for right in rights]
    of_kind += ["loss_rise", "flip_rate"] if generates else ["flip_rate"]
    found = [f"robustness.{kind}.{quantity}" for kind in kinds for quantity in of_kind]
    found += [f"robustness.worst.{right}" for right in rights if kinds]
    found += ["robustness.attack.accuracy"] if wanted.attack is not None else []
    return tuple(found)


def _bias(spec: Spec) -> tuple[str, ...]:
    wanted = spec.evaluation.bias
    if wanted is None:
        return ()
    of_attribute, of_group = ("flip_rate", "score_gap"), GROUP_GAPS[spec.task]
    return (
        *(f"bias.{name}.{quantity}" for name in wanted.attributes for quantity in of_attribute),
        *(f"bias.{family}.{quantity}" for family in wanted.groups for quantity in of_group),
    )


def _lm_eval(spec: Spec) -> tuple[str, ...]:
    return tuple(
        f"lm_eval.{name}.{quantity}"
        for name, task in spec.evaluation.lm_eval.items()
        for quantity in dict.fromkeys(task.metrics)
    )


def _explain(spec: Spec) -> tuple[str, ...]:
    if spec.evaluation.explain is None:
        return ()
    return ("explain.faithfulness_gain", "explain.convergence_delta")


_BY_STUDY: tuple[Callable[[Spec], tuple[str, ...]], ...] = (
    _robustness,
    _bias,
    _lm_eval,
    _explain,
)
"""What each study measures for a spec."""


def study_metrics(spec: Spec) -> tuple[str, ...]:
    """Name the metrics that the spec's studies will measure, in a fixed order."""
    return tuple(name for of in _BY_STUDY for name in of(spec))


def judgeable(spec: Spec) -> tuple[str, ...]:
    """Name every metric that a gate of ``spec`` may be about."""
    return (*spec.metrics, *study_metrics(spec))


def is_lower_better(metric: str) -> bool:
    """Whether less of any metric, dotted or not, is better."""
    found = _quantity(metric)
    return metric in LOWER_IS_BETTER if found is None else found.lower_is_better


def is_unbounded(metric: str) -> bool:
    """Whether any metric, dotted or not, can be beyond 1."""
    found = _quantity(metric)
    return metric in UNBOUNDED_METRICS if found is None else found.is_unbounded


def lowest_of(metric: str) -> float:
    """The least value that a bounded metric, dotted or not, can have."""
    found = _quantity(metric)
    if found is not None:
        return found.lowest
    return -1.0 if metric in MEASURED_ON_ALL_ROWS else 0.0


def is_on_all_rows(metric: str) -> bool:
    """Whether a metric has no value on a slice."""
    return "." in metric or metric in MEASURED_ON_ALL_ROWS


def _quantity(metric: str) -> Quantity | None:
    return QUANTITIES.get(metric.rpartition(".")[2]) if "." in metric else None
