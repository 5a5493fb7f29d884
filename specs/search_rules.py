"""Rules of a search: what may be searched, over which values, and how often."""

from collections.abc import Iterator, Sequence

from pydantic import ValidationError

from specs.model import Spec
from specs.problems import Loc, Problem, either, suggest
from specs.search import Parameter, Search, Value
from specs.searching import (
    VALIDATION_METRICS,
    bases,
    concrete,
    field_of,
    points,
    searchable,
)
from specs.validation import problems_of

BASE: Loc = ("spec", "base", "candidates")
SEARCH: Loc = ("spec", "training", "search")
PARAMETERS: Loc = (*SEARCH, "parameters")
MOST_TRIALS = 1000
USED_BY_A_PROBE = ("head.pooling", "mitigation.", "arguments.max_length")


def candidates_fit(spec: Spec) -> Iterator[Problem]:
    """Each base stands once, and can be resolved."""
    for index, name in enumerate(spec.base.candidates):
        if name in bases(spec)[: index + 1]:
            yield Problem((*BASE, index), f"{name!r} is tried already", "name another base")
        elif name.startswith("registry:"):
            text = "a base from the registry is not supported yet"
            yield Problem((*BASE, index), text, "name a hub id, or a folder here")


def search_fits(spec: Spec) -> Iterator[Problem]:
    """A search names known fields, values that can be tried, and a metric that is measured."""
    search = spec.training.search
    if search is None:
        return
    if not search.parameters and not spec.base.candidates:
        fix = "add for example parameters: {learning_rate: {low: 1e-4, high: 1e-2, log: true}}"
        yield Problem(SEARCH, "there is nothing to search", fix)
        return
    measured = VALIDATION_METRICS[spec.task]
    if search.metric not in (None, *measured):
        text = f"{search.metric!r} is not measured on the validation rows"
        yield Problem((*SEARCH, "metric"), text, f"use {either(measured)}")
    broken = False
    for name, parameter in search.parameters.items():
        for problem in _parameter_fits(spec, name, parameter):
            broken = True
            yield problem
    if not broken:
        yield from _trials_fit(spec, search)
        yield from _pruner_fits(spec, search)


def tried_values(name: str, parameter: Parameter) -> Sequence[tuple[Loc, Value]]:
    """Values that stand for all of a parameter's, and where each is written."""
    at = (*PARAMETERS, name)
    if parameter.choices is not None:
        return [((*at, "choices", index), one) for index, one in enumerate(parameter.choices)]
    ends = {"low": parameter.low, "high": parameter.high}
    tried: list[tuple[Loc, Value]]
    tried = [((*at, end), value) for end, value in ends.items() if value is not None]
    if parameter.step is not None and parameter.low is not None:
        tried.append(((*at, "step"), parameter.low + parameter.step))
    return tried


def _parameter_fits(spec: Spec, name: str, parameter: Parameter) -> Iterator[Problem]:
    search, at = spec.training.search, (*PARAMETERS, name)
    assert search is not None
    if name.removeprefix("arguments.") not in searchable():
        text = f"{name!r} is no field below training that can be searched"
        yield Problem(at, text, _meant(name), at_key=True)
        return
    if without_effect := _without_effect(spec, search, field_of(name)):
        yield Problem(at, f"{name} has no effect: {without_effect}", "remove it", at_key=True)
        return
    problem = _choices_fit(parameter, at) if parameter.choices is not None else None
    problem = problem or (_range_fits(parameter, at) if parameter.choices is None else None)
    is_endless = parameter.choices is None and parameter.step is None
    if problem is None and search.sampler == "grid" and is_endless:
        problem = Problem(at, f"a grid needs choices or a step, and {name} has neither")
    if problem is not None:
        yield problem
        return
    for place, value in tried_values(name, parameter):
        try:
            concrete(spec, {name: value})
        except ValidationError as error:
            way = field_of(name).split(".")
            told = problems_of(error.errors(), _nested(way, value))[0]
            yield Problem(place, f"{name}: {told.text}", told.fix)


def _meant(name: str) -> str:
    if name == "seed":
        return "the best of several seeds is luck, not quality; remove it"
    whole = [known for known in searchable() if known.endswith(f".{name}")]
    return f"did you mean {either(whole)}?" if whole else suggest(name, searchable())


def _without_effect(spec: Spec, search: Search, field: str) -> str | None:
    methods: set[str] = {spec.training.method}
    if "method" in search.parameters:
        methods = {str(one) for one in search.parameters["method"].choices or ()}
    if field.startswith("head.") and spec.task != "text-classification":
        return f"{spec.task} has no head"
    if field.startswith("lora.") and not methods & {"lora", "qlora"}:
        return f"method {either(sorted(methods))} has no adapter"
    if methods == {"linear-probe"} and field != "method" and not field.startswith(USED_BY_A_PROBE):
        return "a linear probe is solved, not stepped"
    return None


def _choices_fit(parameter: Parameter, at: Loc) -> Problem | None:
    given = parameter.model_fields_set - {"choices"}
    if given:
        return Problem(at, f"choices stand beside {either(sorted(given))}", "give one of the two")
    if not parameter.choices:
        return Problem((*at, "choices"), "there is no choice", "name the values to try")
    return None


def _range_fits(parameter: Parameter, at: Loc) -> Problem | None:
    if parameter.low is None or parameter.high is None:
        return Problem(at, "it has no values", "write {low: ..., high: ...}, or {choices: [...]}")
    if parameter.low >= parameter.high:
        text = f"low must be less than high, and {parameter.low:g} is not"
        return Problem((*at, "low"), text, "swap the two")
    if parameter.log and parameter.step is not None:
        return Problem((*at, "step"), "a step does not go with log: true", "remove one of the two")
    if parameter.log and parameter.low <= 0:
        return Problem((*at, "low"), "with log: true, low must be greater than 0")
    return None


def _trials_fit(spec: Spec, search: Search) -> Iterator[Problem]:
    at = (*SEARCH, "trials")
    is_listed = search.sampler == "grid" or not search.parameters
    if is_listed and search.trials is not None and search.trials != len(points(spec)):
        text = f"every combination is tried, and there are {len(points(spec))}"
        yield Problem(at, text, f"write trials: {len(points(spec))}, or leave it out")
    if is_listed and len(points(spec)) > MOST_TRIALS:
        text = f"the grid has {len(points(spec))} points, more than {MOST_TRIALS}"
        yield Problem((*SEARCH, "sampler"), text, "use sampler: tpe, or fewer values")
    if not is_listed and search.trials is not None and search.trials < len(bases(spec)):
        text = f"{search.trials} trials cannot try {len(bases(spec))} bases"
        yield Problem(at, text, f"write trials: {len(bases(spec))} or more")


def _pruner_fits(spec: Spec, search: Search) -> Iterator[Problem]:
    if search.pruner == "none" or {"num_train_epochs", "eval_steps"} & search.parameters.keys():
        return
    arguments = spec.training.arguments
    several = arguments.num_train_epochs > 1 or arguments.eval_steps is not None
    if not several or spec.training.method == "linear-probe":
        text = "a trial is measured only once, at its end, and cannot be ended before"
        fix = "raise num_train_epochs, set eval_steps, or remove it"
        yield Problem((*SEARCH, "pruner"), text, fix)


def _nested(way: list[str], value: Value) -> object:
    found: object = value
    for part in reversed(way):
        found = {part: found}
    return found
