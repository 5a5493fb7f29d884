"""What a gate may ask for: a metric that is measured, on a slice that exists, within its range."""

from collections.abc import Iterator

from specs.evaluation import KNOWN_METRICS
from specs.expressions import RULE_VALUES, ExpressionError, RuleSlice, parse_expression
from specs.gates import ALL_SLICES, Gate
from specs.metric_rules import why_not_measured
from specs.metrics import METRIC_FACTS
from specs.model import Spec
from specs.problems import Loc, Problem, suggest
from specs.study_metrics import is_on_all_rows, is_unbounded, judgeable, lowest_of

_PERCENT = 100


def gates_say_one_thing(spec: Spec) -> Iterator[Problem]:
    """Each gate is a limit or a comparison, and a value in its range."""
    for index, gate in enumerate(spec.gates):
        at: Loc = ("spec", "gates", index)
        yield from _criterion(gate, at)
        yield from _limits(gate, at)
        yield from _effect(gate, at)


def gates_fit(spec: Spec) -> Iterator[Problem]:
    """Each gate's metric is measured, on a slice that exists."""
    for index, gate in enumerate(spec.gates):
        at: Loc = ("spec", "gates", index)
        yield from _metric(gate, spec, at)
        yield from _slice(gate, spec, at)


def base_gates_fit(spec: Spec) -> Iterator[Problem]:
    """Each gate against the base has something of the base to compare with."""
    for index, gate in enumerate(spec.gates):
        if gate.against == "base":
            yield from _base(gate, spec, ("spec", "gates", index))


def _criterion(gate: Gate, at: Loc) -> Iterator[Problem]:
    """Say how good, or how good beside another version; never both, never nothing."""
    absolute = gate.min is not None or gate.max is not None
    relative = gate.max_drop is not None or gate.min_gain is not None
    if not absolute and not relative:
        fix = "add min or max, or max_drop with against: live"
        yield Problem(at, "a gate without a limit would check nothing", fix)
    elif absolute and (relative or gate.against is not None):
        text = "min and max are limits by themselves, and against compares with another version"
        yield Problem(at, text, "make two gates of it")
    elif relative and gate.against is None:
        text = "max_drop and min_gain compare, and nothing says with what"
        yield Problem(at, text, "add against: live")


def _effect(gate: Gate, at: Loc) -> Iterator[Problem]:
    """What follows from a verdict is said once."""
    if gate.critical and gate.slice is None:
        text = "critical is for slices; a gate on all rows blocks when it is inconclusive"
        yield Problem((*at, "critical"), text, "remove it, or name a slice", at_key=True)
    elif gate.critical and gate.on_inconclusive == "warn":
        text = "critical: true blocks what is inconclusive, and on_inconclusive: warn does not"
        yield Problem((*at, "on_inconclusive"), text, "remove one of the two", at_key=True)
    if gate.level == "warn" and (gate.critical or gate.on_inconclusive == "block"):
        text = "level: warn never blocks, and another field says that the gate does"
        fix = "remove level, or remove critical and on_inconclusive"
        yield Problem((*at, "level"), text, fix, at_key=True)


def _base(gate: Gate, spec: Spec, at: Loc) -> Iterator[Problem]:
    """The base answers as it is; a classifier's with the probe that its training starts from."""
    at = (*at, "against")
    facts = METRIC_FACTS.get(gate.metric)
    if facts is None or facts.needs == "judge":
        text = f"{gate.metric} is not measured on the base as it is"
        yield Problem(at, text, "use against: live, or a metric of the held-out rows")
    if spec.task != "text-classification":
        return
    if spec.training.method == "linear-probe":
        text = "a linear probe is the base as it is, with a head; there is nothing to compare"
        yield Problem(at, text, "use against: live, or another training.method")
    elif spec.training.head.init != "linear-probe":
        text = "the base as it is answers with the probe that training starts from, and head.init"
        text += f": {spec.training.head.init} makes none"
        yield Problem(at, text, "set training.head.init: linear-probe, or use against: live")


def _metric(gate: Gate, spec: Spec, at: Loc) -> Iterator[Problem]:
    metric, known = gate.metric, judgeable(spec)
    if metric in known:
        return
    at = (*at, "metric")
    if metric in spec.measurable:
        fix = f"add {metric} to evaluation.metrics"
        yield Problem(at, f"{metric} is not measured: evaluation.metrics leaves it out", fix)
    elif "." in metric:
        text = f"no study of evaluation measures {metric!r}"
        yield Problem(at, text, suggest(metric, known, otherwise="measured are"))
    else:
        known = spec.measurable if metric in KNOWN_METRICS else known
        yield Problem(at, *why_not_measured(spec, metric, known))


def _slice(gate: Gate, spec: Spec, at: Loc) -> Iterator[Problem]:
    if gate.slice is None:
        return
    at, families = (*at, "slice"), spec.data.slices
    family, has_value, value = gate.slice.partition("=")
    if is_on_all_rows(gate.metric):
        text = f"{gate.metric} is measured on all rows, not on slices"
        yield Problem(at, text, "remove slice")
    elif gate.slice == ALL_SLICES:
        if not families:
            text = "this gate would check nothing: no slices are declared"
            yield Problem(at, text, "declare data.slices, for example {channel: channel}")
    elif family not in families:
        text = f"{family!r} is no slice family of data.slices"
        yield Problem(at, text, suggest(family, families, otherwise="declared there"))
    elif has_value and value not in _values_of(families[family], value):
        text = f"the rule {families[family]!r} has no slice {value!r}"
        yield Problem(at, text, f"write {family}=true or {family}=false")


def _values_of(expression: str, value: str) -> tuple[str, ...]:
    """Which values a family can have; those of a column are only known from the data."""
    try:
        parsed = parse_expression(expression)
    except ExpressionError:
        return (value,)
    return RULE_VALUES if isinstance(parsed, RuleSlice) else (value,)


def _limits(gate: Gate, at: Loc) -> Iterator[Problem]:
    if gate.min is not None and gate.max is not None and gate.min > gate.max:
        yield Problem((*at, "max"), f"max {gate.max:g} is below min {gate.min:g}", "swap them")
    is_known = gate.metric in KNOWN_METRICS or "." in gate.metric
    if not is_known or is_unbounded(gate.metric):
        return
    lowest = lowest_of(gate.metric)
    for name in ("min", "max", "max_drop", "min_gain"):
        limit = getattr(gate, name)
        if limit is not None and not lowest <= limit <= 1:
            text = f"{gate.metric} lies between {lowest:g} and 1, so {limit:g} is no limit for it"
            percent = f"write {limit / _PERCENT:g}" if 1 < limit <= _PERCENT else None
            yield Problem((*at, name), text, percent)
