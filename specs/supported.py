"""What a spec may declare and this release does not do yet. Nothing declared is ever ignored.

One line per feature; the change that builds a feature deletes its line.
"""

from collections.abc import Iterator
from typing import Any

from specs.model import Spec
from specs.problems import Loc, Problem, either

WORKS_SO_FAR: tuple[tuple[str, tuple[Any, ...]], ...] = (
    ("promotion.canary", ()),
    ("monitoring.slices", ([],)),
    ("monitoring.on_data_drift.cooldown_minutes", (60,)),
    ("monitoring.on_data_drift.max_retrains_per_day", (3,)),
)
"""Field below ``spec`` → the values that work, beside leaving it out."""
DETECTORS_SO_FAR = ("text", "prediction")


def not_yet(spec: Spec) -> Iterator[Problem]:
    """Name every declared thing that this release would not act on."""
    for name, values in WORKS_SO_FAR:
        parts = name.split(".")
        found = _value(spec, parts)
        if found is not None and found not in values:
            yield Problem(("spec", *parts), _text(_named(parts[-1], found)), _fix(values))
    for index, detector in enumerate(spec.monitoring.detectors):
        if detector not in DETECTORS_SO_FAR:
            at: Loc = ("spec", "monitoring", "detectors", index)
            yield Problem(at, _text(f"the detector {detector}"), _fix(DETECTORS_SO_FAR))
    if spec.base.model.startswith("registry:"):
        text = _text("a base from the registry")
        yield Problem(("spec", "base", "model"), text, "name a hub id, or a folder here")


def _value(spec: Spec, parts: list[str]) -> Any:
    value: Any = spec
    for part in parts:
        value = None if value is None else getattr(value, part)
    return value


def _named(field: str, value: Any) -> str:
    return f"{field} {value!r}" if isinstance(value, str | int) else field


def _text(what: str) -> str:
    return f"{what} is not supported yet"


def _fix(values: tuple[Any, ...]) -> str:
    words = words_of(values)
    return f"use {either(words)}" if words else "remove it"


def words_of(values: tuple[Any, ...]) -> list[str]:
    """Write the values as in YAML; empty lists and mappings mean "leave it out"."""
    plain = [value for value in values if isinstance(value, str | int)]
    return [str(value).lower() if isinstance(value, bool) else str(value) for value in plain]
