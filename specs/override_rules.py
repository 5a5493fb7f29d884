"""What lets a version through without a gate's yes: no gates at all, or an override."""

from collections.abc import Iterator
from datetime import date

from specs.gates import Gate, Override
from specs.model import Spec
from specs.problems import Loc, Problem, dotted, either

_GATES: Loc = ("spec", "gates")
_EXAMPLE_METRIC = {"causal-lm": "token_f1", "text-classification": "f1_macro"}


def gates_are_declared(spec: Spec) -> Iterator[Problem]:
    """There are gates, or it is said that there are none; never both."""
    if spec.ungated and spec.gates:
        text = "ungated: true says that nothing is judged, and there are gates"
        yield Problem(("spec", "ungated"), text, "remove it, or remove the gates", at_key=True)
    elif not spec.ungated and not spec.gates:
        text = "no gates are declared; success is defined before anything is trained"
        metric = _EXAMPLE_METRIC[spec.task]
        fix = f"add for example gates: [{{metric: {metric}, min: 0.8}}]"
        yield Problem(_GATES, text, f"{fix}; or ungated: true, which stays on record")


def overrides_fit(spec: Spec) -> Iterator[Problem]:
    """Each override is about a gate that is declared, and says who, why and how long."""
    for index, override in enumerate(spec.overrides):
        at: Loc = ("spec", "overrides", index)
        yield from _says_who_and_why(override, at)
        yield from _has_a_day(override, at)
        if not any(override.meets(gate) for gate in spec.gates):
            where = f" with slice {override.slice}" if override.slice else " on all rows"
            text = f"no gate is about {override.metric}{where}, so there is nothing to override"
            yield Problem(at, text, f"the gates are {_told(spec.gates)}")


def expired_overrides(spec: Spec, on: date) -> list[str]:
    """Say which overrides no longer count on this day: time alone makes no spec wrong."""
    return [
        f"{dotted(('spec', 'overrides', index))}: the override of {override.metric} by"
        f" {override.approver} expired on {override.expires}; remove it, or have it approved anew"
        for index, override in enumerate(spec.overrides)
        if not override.is_in_force(on)
    ]


def _says_who_and_why(override: Override, at: Loc) -> Iterator[Problem]:
    for name, asked in (("approver", "who answers for it"), ("reason", "why it may go live")):
        if not getattr(override, name).strip():
            yield Problem((*at, name), f"{name} is empty", f"say {asked}")


def _has_a_day(override: Override, at: Loc) -> Iterator[Problem]:
    try:
        date.fromisoformat(override.expires)
    except ValueError:
        yield Problem((*at, "expires"), f"{override.expires} is no day", "write it as 2026-12-31")


def _told(gates: list[Gate]) -> str:
    named = [f"{gate.metric} (slice {gate.slice})" if gate.slice else gate.metric for gate in gates]
    return either(list(dict.fromkeys(named))) if named else "none"
