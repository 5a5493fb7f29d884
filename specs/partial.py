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

_GATE = {"metric": "accuracy", "min": 0}
_STAND_IN = {
    "apiVersion": "trueup/v1",
    "kind": "Model",
    "metadata": {"name": "stand-in"},
    "spec": {
        "task": "text-classification",
        "base": {"model": "stand/in"},
        "data": {"train": "stand-in/train.csv", "test": "stand-in/test.csv"},
        "gates": [_GATE],
    },
}


def with_stand_ins(value: dict[str, Any], wrong: Iterable[Loc]) -> ModelSpec | None:
    """Replace what is wrong in ``value``; None when even that makes no spec."""
    repaired = copy.deepcopy(value)
    for loc in wrong:
        _take_out(repaired, loc)
    _fill(repaired, _STAND_IN)
    try:
        return ModelSpec.model_validate(repaired)
    except ValidationError:
        return None


def _take_out(value: Any, loc: Loc) -> None:
    """Remove the field at ``loc``; of a list the whole list, but of gates only the one gate."""
    *way, last = loc[: _first_index(loc)] or ("",)
    parent = _at(value, tuple(way))
    if not isinstance(parent, dict) or last not in parent:
        return
    is_gate = last == "gates" and len(loc) > len(way) + 1
    if is_gate:
        parent[last][loc[len(way) + 1]] = dict(_GATE)
    else:
        del parent[last]


def _first_index(loc: Loc) -> int:
    return next((at for at, part in enumerate(loc) if isinstance(part, int)), len(loc))


def _at(value: Any, way: Loc) -> Any:
    for part in way:
        value = value.get(part) if isinstance(value, dict) else None
    return value


def _fill(value: dict[str, Any], stand_in: dict[str, Any]) -> None:
    for name, default in stand_in.items():
        if name not in value:
            value[name] = copy.deepcopy(default)
        elif isinstance(default, dict) and isinstance(value[name], dict):
            _fill(value[name], default)
