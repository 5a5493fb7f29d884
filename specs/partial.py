"""Look past the first mistakes: a spec with stand-ins for what is wrong in it.

Rules between fields need a whole spec. So that a mistake in one field does not hide another
elsewhere, wrong parts are taken out and missing ones filled, only to ask the rules about the rest.
"""

import copy
from collections.abc import Iterable
from typing import Any

from pydantic import ValidationError

from specs.model import ModelSpec
from specs.problems import Loc

_GATES: Loc = ("spec", "gates")
_GATE = {"metric": "accuracy", "min": 0}
_STAND_IN = {
    "apiVersion": "trueup/v1",
    "kind": "Model",
    "metadata": {"name": "stand-in"},
    "spec": {
        "task": "text-classification",
        "base": {"model": "stand/in"},
        "data": {"train": "stand-in/train.csv", "test": "stand-in/test.csv"},
    },
}


def with_stand_ins(value: dict[str, Any], wrong: Iterable[Loc]) -> ModelSpec | None:
    """Replace what is wrong in ``value``; None when even that makes no spec."""
    repaired = copy.deepcopy(value)
    for loc in wrong:
        _take_out(repaired, loc)
    _fill(repaired, _STAND_IN)
    for gate in _at(repaired, _GATES) or ():
        gate.setdefault("metric", _GATE["metric"])
    try:
        return ModelSpec.model_validate(repaired)
    except ValidationError:
        return None


def _take_out(value: Any, loc: Loc) -> None:
    """Remove the field at ``loc``; for an item of a list the whole list, but a gate for itself."""
    parent, last = _at(value, loc[:-1]), loc[-1]
    if isinstance(parent, dict):
        parent.pop(last, None)
    elif isinstance(last, int) and loc[:-1] == _GATES:
        parent[last] = dict(_GATE)
    else:
        _take_out(value, loc[:-1])


def _at(value: Any, way: Loc) -> Any:
    for part in way:
        if isinstance(value, dict):
            value = value.get(part)
        else:
            value = value[part] if isinstance(value, list) and isinstance(part, int) else None
    return value


def _fill(value: dict[str, Any], stand_in: dict[str, Any]) -> None:
    for name, default in stand_in.items():
        if name not in value:
            value[name] = copy.deepcopy(default)
        elif isinstance(default, dict) and isinstance(value[name], dict):
            _fill(value[name], default)
