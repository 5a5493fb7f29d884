"""Rules that hold between fields of a spec, and the place where each is broken.

What a field may hold by itself stands beside the field. Here stands what one field says about
another. Each rule names the fields it reads, so that it can be left out when one of them is wrong
already: a mistake is reported once, where it was made.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import combinations

from specs.chat_templates import problem_of_template
from specs.compute_rules import compute_fits
from specs.data import Columns
from specs.expressions import ExpressionError, parse_expression
from specs.gate_rules import base_gates_fit, gates_fit, gates_say_one_thing
from specs.method_rules import (
    calibration_fits,
    initialisation_fits,
    lora_names_fit,
    precision_fits,
    quantization_fits,
    validation_fits,
)
from specs.metric_rules import forms_fit, metrics_are_known, why_not_measured
from specs.model import ModelSpec, Spec
from specs.names import FAMILY_PATTERN
from specs.override_rules import gates_are_declared, overrides_fit
from specs.problems import Loc, Problem, either, suggest
from specs.search_rules import candidates_fit, search_fits, tried_values
from specs.searching import concrete
from specs.study_rules import studies_fit
from specs.supported import not_yet
from specs.training import STOPPING_METRICS

DATA = ("spec", "data")
BASE = ("spec", "base")
TRAINING = ("spec", "training")
EVALUATION = ("spec", "evaluation")
MONITORING = ("spec", "monitoring")
_TASK: Loc = ("spec", "task")
CLASSIFICATION_COLUMNS = ("text", "label", "labels", "label_separator")
GENERATION_COLUMNS = ("prompt", "completion", "messages")


def _files_differ(spec: Spec) -> Iterator[Problem]:
    """Held-out rows are others than those that are trained on."""
    named = {"train": spec.data.train, "test": spec.data.test}
    if isinstance(spec.data.validation, str):
        named["validation"] = spec.data.validation
    for (first, one), (second, other) in combinations(named.items(), 2):
        if one == other:
            text = f"{second} is the same file as {first}; held-out rows must be others"
            yield Problem((*DATA, second), text, "give it a file of its own")


def _columns_fit_the_task(spec: Spec) -> Iterator[Problem]:
    columns, at = spec.data.columns, (*DATA, "columns")
    generates = spec.task == "causal-lm"
    foreign = CLASSIFICATION_COLUMNS if generates else GENERATION_COLUMNS
    given = columns.model_fields_set
    for name in foreign:
        if name in given and getattr(columns, name) is not None:
            text = f"{name} is no column of {spec.task}"
            yield Problem((*at, name), text, "remove it", at_key=True)
    if not generates:
        yield from _label_columns(columns, at)
        return
    pair = (columns.prompt, columns.completion)
    fix = "write columns: {prompt: prompt, completion: completion}"
    if columns.messages is None and None in pair:
        text = "causal-lm needs the columns prompt and completion, or messages"
        yield Problem(at, text, fix)
    if columns.messages is not None and pair != (None, None):
        yield Problem((*at, "messages"), "messages stand beside prompt or completion", fix)


def _label_columns(columns: Columns, at: Loc) -> Iterator[Problem]:
    given = columns.model_fields_set
    name = "label" if columns.labels is None else "labels"
    if columns.text == getattr(columns, name):
        yield Problem(at, f"text and {name} are the same column, {columns.text!r}")
    if columns.labels is not None and "label" in given:
        text = "label and labels: a row has one label, or a set of them"
        yield Problem((*at, "labels"), text, "remove one of the two", at_key=True)
    if columns.labels is None and columns.label_separator is not None:
        text = "label_separator splits labels, and there is no column labels"
        yield Problem((*at, "label_separator"), text, "name the column in labels", at_key=True)


def _slices_are_rules(spec: Spec) -> Iterator[Problem]:
    for family, expression in spec.data.slices.items():
        at = (*DATA, "slices", family)
        if not FAMILY_PATTERN.fullmatch(family):
            text = f"{family!r} is no name for a slice family"
            yield Problem(at, text, "use letters, digits, '_' and '-'", at_key=True)
        try:
            parse_expression(expression)
        except ExpressionError as error:
            yield Problem(at, str(error), error.fix)


def _method_fits(spec: Spec) -> Iterator[Problem]:
    training = spec.training
    if training.method == "linear-probe" and spec.task == "causal-lm":
        text = "linear-probe trains a classification head, and causal-lm has none"
        yield Problem((*TRAINING, "method"), text, "use lora or full")
    if "head" in training.model_fields_set and spec.task == "causal-lm":
        text = "head is for text-classification; causal-lm has none"
        yield Problem((*TRAINING, "head"), text, "remove it", at_key=True)


def _generation_fits(spec: Spec) -> Iterator[Problem]:
    at, template = (*TRAINING, "generation"), spec.training.generation.chat_template
    if spec.task != "causal-lm":
        if "generation" in spec.training.model_fields_set:
            text = f"generation is for causal-lm; {spec.task} has none"
            yield Problem(at, text, "remove it", at_key=True)
        return
    problem = problem_of_template(template) if template is not None else None
    if problem is not None:
        yield Problem((*at, "chat_template"), *problem)


def _mitigation_fits(spec: Spec) -> Iterator[Problem]:
    mitigation, at = spec.training.mitigation, (*TRAINING, "mitigation")
    if mitigation is None:
        return
    if spec.task == "causal-lm":
        text = "mitigation weighs and rewrites texts with labels, and causal-lm has none"
        yield Problem(at, text, "remove it", at_key=True)
    by = mitigation.reweight
    if by is not None and by not in ("label", *spec.data.slices):
        text = f"{by!r} is neither label nor a slice family of data.slices"
        known = ("label", *spec.data.slices)
        yield Problem((*at, "reweight"), text, suggest(by, known, otherwise="use one of"))
    if "augment_copies" in mitigation.model_fields_set and not mitigation.augment:
        text = "augment_copies counts copies, and augment names no kind of them"
        yield Problem((*at, "augment_copies"), text, "write augment: [typos]", at_key=True)
    if by is None and not mitigation.augment:
        fix = "write reweight: label, or augment: [typos]"
        yield Problem(at, "mitigation declares nothing", fix, at_key=True)


def _stopping_fits(spec: Spec) -> Iterator[Problem]:
    stopping, at = spec.training.early_stopping, (*TRAINING, "early_stopping")
    if stopping is None:
        return
    if spec.training.method == "linear-probe":
        text = "linear-probe is fitted at once and takes no steps that could be stopped"
        yield Problem(at, text, "remove it", at_key=True)
    known = STOPPING_METRICS[spec.task]
    if stopping.metric not in known:
        text, fix = why_not_measured(spec, stopping.metric, known)
        if stopping.metric in spec.measurable:
            text, fix = f"{stopping.metric} is not measured while training", f"use {either(known)}"
        yield Problem((*at, "metric"), text, fix)


def _watched_slices_exist(spec: Spec) -> Iterator[Problem]:
    for index, family in enumerate(spec.monitoring.slices):
        if family not in spec.data.slices:
            text = f"{family!r} is no slice family of data.slices"
            fix = suggest(family, spec.data.slices, otherwise="declared there")
            yield Problem((*MONITORING, "slices", index), text, fix)


def _detectors_fit(spec: Spec) -> Iterator[Problem]:
    if spec.task != "causal-lm" or "detectors" not in spec.monitoring.model_fields_set:
        return
    for index, detector in enumerate(spec.monitoring.detectors):
        if detector in {"prediction", "confidence"}:
            text = f"{detector} watches labels, and causal-lm answers with text"
            yield Problem((*MONITORING, "detectors", index), text, "use text")


def _searched_values_fit(spec: Spec) -> Iterator[Problem]:
    """Each searched value by itself breaks no rule that the spec keeps without it."""
    search = spec.training.search
    if search is None or any(search_fits(spec)):
        return
    before = {problem.text for rule in _RULES_OF_TRIALS for problem in rule(spec)}
    for name, parameter in search.parameters.items():
        for place, value in tried_values(name, parameter):
            trial = concrete(spec, {name: value})
            for rule in _RULES_OF_TRIALS:
                for problem in rule(trial):
                    if problem.text not in before:
                        yield Problem(place, problem.text, problem.fix)


_RULES_OF_TRIALS = (
    _method_fits,
    quantization_fits,
    initialisation_fits,
    lora_names_fit,
    precision_fits,
    _stopping_fits,
    not_yet,
)


@dataclass(frozen=True)
class Rule:
    """One rule, and the fields that must be right before it can be asked."""

    check: Callable[[Spec], Iterable[Problem]]
    reads: tuple[Loc, ...]


RULES = (
    Rule(_files_differ, ()),
    Rule(_columns_fit_the_task, (_TASK, (*DATA, "columns"))),
    Rule(_slices_are_rules, ((*DATA, "slices"),)),
    Rule(_method_fits, (_TASK, (*TRAINING, "method"))),
    Rule(_generation_fits, (_TASK, (*TRAINING, "generation"))),
    Rule(_mitigation_fits, (_TASK, (*DATA, "slices"), (*TRAINING, "mitigation"))),
    Rule(
        _stopping_fits,
        (_TASK, (*DATA, "columns"), (*TRAINING, "method"), (*TRAINING, "early_stopping")),
    ),
    Rule(candidates_fit, ((*BASE, "candidates"),)),
    Rule(search_fits, (_TASK, TRAINING)),
    Rule(_searched_values_fit, (_TASK, TRAINING)),
    Rule(metrics_are_known, (_TASK, (*DATA, "columns"))),
    Rule(forms_fit, (_TASK, (*DATA, "columns"), (*EVALUATION, "metrics"))),
    Rule(
        studies_fit,
        (
            _TASK,
            (*DATA, "slices"),
            (*EVALUATION, "robustness"),
            (*EVALUATION, "bias"),
            (*EVALUATION, "explain"),
        ),
    ),
    Rule(quantization_fits, ((*TRAINING, "method"), (*TRAINING, "quantization"))),
    Rule(
        initialisation_fits,
        ((*TRAINING, "method"), (*TRAINING, "quantization"), (*TRAINING, "lora")),
    ),
    Rule(lora_names_fit, ((*TRAINING, "lora"),)),
    Rule(validation_fits, ((*TRAINING, "arguments"),)),
    Rule(calibration_fits, (_TASK, (*TRAINING, "calibration"))),
    Rule(precision_fits, ((*TRAINING, "method"), (*TRAINING, "arguments"))),
    Rule(compute_fits, ((*TRAINING, "method"), (*TRAINING, "arguments"), ("spec", "compute"))),
    Rule(gates_are_declared, ()),
    Rule(gates_say_one_thing, ()),
    Rule(overrides_fit, (("spec", "gates"),)),
    Rule(
        gates_fit,
        (
            _TASK,
            (*EVALUATION, "metrics"),
            (*EVALUATION, "robustness"),
            (*EVALUATION, "bias"),
            (*EVALUATION, "explain"),
            (*DATA, "columns"),
            (*DATA, "slices"),
        ),
    ),
    Rule(base_gates_fit, (_TASK, (*TRAINING, "method"), (*TRAINING, "head"))),
    Rule(_watched_slices_exist, ((*DATA, "slices"),)),
    Rule(_detectors_fit, (_TASK,)),
    Rule(not_yet, ()),
)


def broken_rules(spec: ModelSpec, *, wrong: Iterable[Loc] = ()) -> list[Problem]:
    """Ask every rule about ``spec``.

    Args:
        spec: A spec whose fields are each valid.
        wrong: Places that were wrong in the file and hold stand-ins in ``spec``: rules that read
            them are left out, and nothing is said about them again.
    """
    places = list(wrong)
    return [
        problem
        for rule in RULES
        if not any(_touch(place, read) for place in places for read in rule.reads)
        for problem in rule.check(spec.spec)
        if not any(_touch(place, problem.loc) for place in places)
    ]


def _touch(one: Loc, other: Loc) -> bool:
    """Whether one place is the other, or lies within it."""
    shared = min(len(one), len(other))
    return one[:shared] == other[:shared]
