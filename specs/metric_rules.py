"""What ``spec.evaluation`` may ask to measure: metrics of the task, with what they need."""

from collections.abc import Iterator, Sequence

from specs.evaluation import KNOWN_METRICS
from specs.metrics import METRIC_FACTS
from specs.model import Spec
from specs.names import FAMILY_PATTERN
from specs.patterns import why_no_pattern
from specs.problems import Loc, Problem, either, suggest

EVALUATION: Loc = ("spec", "evaluation")


def metrics_are_known(spec: Spec) -> Iterator[Problem]:
    """Each metric that is named can be measured."""
    for index, metric in enumerate(spec.evaluation.metrics or ()):
        if metric not in spec.measurable:
            at = (*EVALUATION, "metrics", index)
            yield Problem(at, *why_not_measured(spec, metric, spec.measurable))


def why_not_measured(spec: Spec, metric: str, known: Sequence[str]) -> tuple[str, str]:
    """Say why ``metric`` is none of ``known``, and what to write instead."""
    facts = METRIC_FACTS.get(metric)
    if metric not in KNOWN_METRICS:
        return f"unknown metric {metric!r}", suggest(metric, known)
    if facts is not None and facts.needs is not None and spec.metric_kind in facts.kinds:
        return f"{metric} is measured where evaluation.{facts.needs} is declared", "declare it"
    return f"{metric} does not fit {spec.kind}", f"use {either(known)}"


def forms_fit(spec: Spec) -> Iterator[Problem]:
    """What is declared for a metric is for this task, and the metric is measured."""
    for metric, facts in METRIC_FACTS.items():
        if facts.needs is None or getattr(spec.evaluation, facts.needs) is None:
            continue
        at = (*EVALUATION, facts.needs)
        if spec.metric_kind not in facts.kinds:
            text = f"{facts.needs} is for {either(facts.kinds)}; {spec.kind} has none"
            yield Problem(at, text, "remove it", at_key=True)
        elif metric not in spec.metrics:
            text = f"{facts.needs} is declared, and evaluation.metrics leaves {metric} out"
            yield Problem(at, text, f"add {metric} there, or remove {facts.needs}", at_key=True)
    yield from _tasks_fit(spec)
    pattern = spec.evaluation.pattern
    problem = why_no_pattern(pattern) if pattern is not None else None
    if problem is not None:
        fix = "write it without look-around and back-references"
        yield Problem((*EVALUATION, "pattern"), f"{pattern!r} is a pattern that {problem}", fix)


def _tasks_fit(spec: Spec) -> Iterator[Problem]:
    at = (*EVALUATION, "lm_eval")
    if spec.evaluation.lm_eval and spec.task != "causal-lm":
        text = f"lm_eval asks for answers in words; {spec.kind} gives labels"
        yield Problem(at, text, "remove it", at_key=True)
    for name in spec.evaluation.lm_eval:
        if not FAMILY_PATTERN.fullmatch(name):
            text = f"{name!r} is no name for a task"
            yield Problem((*at, name), text, "use letters, digits, '_' and '-'", at_key=True)
