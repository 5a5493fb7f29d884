"""What a search makes of a spec: which fields can be searched, and the spec of one trial. Pure.

A trial is a spec without a search: one base, and one value in place of each searched field. So its
training digest is the one that a spec with these values in it would have.
"""

from collections.abc import Iterator, Mapping
from itertools import product
from typing import Any, get_args

from specs.digest import ARGUMENTS_THAT_ONLY_RECORD
from specs.evaluation import Task
from specs.fields import all_fields
from specs.model import Spec
from specs.search import Parameter, Value
from specs.training import Base, Training

ARGUMENTS = "arguments."
DEFAULT_TRIALS = 12
NOT_SEARCHED = ("search", "seed", *(ARGUMENTS + name for name in ARGUMENTS_THAT_ONLY_RECORD))
"""No part of a search: itself, luck, and what cannot reach the weights."""
VALIDATION_METRICS: Mapping[Task, tuple[str, ...]] = {
    "text-classification": ("f1_macro", "accuracy", "loss"),
    "causal-lm": ("loss",),
}
"""What training itself measures on the validation rows; the first is what a search goes by."""

Values = Mapping[str, Value]


def searchable() -> dict[str, type | Any]:
    """Each field that can be searched, as specs name it, and the type of its value."""
    found = {
        field.name: field.info.annotation
        for field in all_fields(Training)
        if field.section is None and not field.name.startswith(NOT_SEARCHED)
    }
    return {name.removeprefix(ARGUMENTS): kind for name, kind in found.items()}


def field_of(name: str) -> str:
    """The dotted field below ``training`` that a parameter's name stands for."""
    plain = name.removeprefix(ARGUMENTS)
    is_argument = "." not in plain and f"{ARGUMENTS}{plain}" in _fields_of_training()
    return ARGUMENTS + plain if is_argument else name


def takes_whole_numbers_only(name: str) -> bool:
    """Whether the searched field holds a whole number."""
    kind = searchable()[name.removeprefix(ARGUMENTS)]
    return int in (kind, *get_args(kind)) and float not in (kind, *get_args(kind))


def is_search(spec: Spec) -> bool:
    """Whether a version of this spec is chosen from trials."""
    return spec.training.search is not None or bool(spec.base.candidates)


def bases(spec: Spec) -> tuple[str, ...]:
    """The bases that are tried, the declared one first."""
    return (spec.base.model, *spec.base.candidates)


def metric_of(spec: Spec) -> str:
    """What the best trial is best at."""
    search = spec.training.search
    declared = search.metric if search is not None else None
    return declared or VALIDATION_METRICS[spec.task][0]


def trial_count(spec: Spec) -> int:
    """How many trials a version of this spec is chosen from; 0 when there is no search."""
    search = spec.training.search
    if search is None:
        return len(bases(spec)) if spec.base.candidates else 0
    if search.sampler == "grid" or not search.parameters:
        return len(points(spec))
    return search.trials or DEFAULT_TRIALS


def points(spec: Spec) -> list[tuple[str, dict[str, Value]]]:
    """Every combination of base and values, of a spec whose parameters can be listed."""
    search = spec.training.search
    parameters = search.parameters if search is not None else {}
    listed = [list(values_of(name, one)) for name, one in parameters.items()]
    return [
        (base, dict(zip(parameters, values, strict=True)))
        for base in bases(spec)
        for values in product(*listed)
    ]


def values_of(name: str, parameter: Parameter) -> Iterator[Value]:
    """List the values of a parameter that has ``choices``, or a range with a step."""
    if parameter.choices is not None:
        yield from parameter.choices
        return
    assert parameter.low is not None
    assert parameter.high is not None
    assert parameter.step is not None
    number = 0
    is_whole = takes_whole_numbers_only(name)
    # Counted, not added up: ten times 0.1 is not 1.
    while (value := parameter.low + number * parameter.step) <= parameter.high * (1 + 1e-12):
        yield int(value) if is_whole else round(float(value), 12)
        number += 1


def concrete(spec: Spec, values: Values, *, base: str | None = None) -> Spec:
    """The spec of one trial; ValidationError when a value is none of its field.

    Args:
        spec: The spec with the search.
        values: Parameter → value, by the names in the spec.
        base: One of ``bases(spec)``; the declared one when left out.
    """
    training = spec.training.model_dump(exclude_unset=True, exclude={"search"})
    for name, value in values.items():
        *sections, field = field_of(name).split(".")
        place = training
        for section in sections:
            place[section] = place.get(section) or {}
            place = place[section]
        place[field] = value
    chosen = spec.base.model_copy(update={"candidates": []})
    if base is not None and base != spec.base.model:
        chosen = Base(model=base)
    return spec.model_copy(update={"training": Training.model_validate(training), "base": chosen})


def variants(spec: Spec) -> Iterator[Spec]:
    """The spec without its search, and then with each searched value that stands in it."""
    yield concrete(spec, {})
    search = spec.training.search
    for name, one in (search.parameters if search is not None else {}).items():
        ends = (end for end in (one.low, one.high) if end is not None)
        for value in one.choices if one.choices is not None else ends:
            yield concrete(spec, {name: value})


def _fields_of_training() -> set[str]:
    return {field.name for field in all_fields(Training)}
