"""Whether a gate can be passed at all over the rows at hand: asked before any training. Pure.

A gate whose inconclusive verdict would block, and that not even perfect answers could pass, would
keep every version from going live. So it is refused, as is one on a slice that nobody is in.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from controller.data.held_out import HeldOut
from controller.evaluation.label_sets import Micro
from controller.evaluation.macro import Macro
from controller.evaluation.means import Mean, Rate
from controller.evaluation.metrics import METRICS
from controller.gates.chances import Z, least_rows
from controller.gates.significance import FALSE_DISCOVERY_RATE, LEVEL
from controller.gates.slices import MIN_SLICE_ROWS, POOLED
from registry.records import Failure
from specs.gates import ALL_SLICES, Gate, are_about

_MOST_NAMED = 8
"""Slices that an error names."""
_DIGITS = 1000


@dataclass(frozen=True)
class Reach:
    """One limit of one gate over one set of rows."""

    index: int
    """Of the gate."""
    gate: Gate
    limit: str
    """``min``, ``max``, ``max_drop`` or ``min_gain``."""
    declared: float
    slice: str | None
    rows: int | None
    """None: known only after a first evaluation."""
    level: float | None
    """Of the test that says "fail"; None: a bound does."""
    least_rows: float | None
    """Rows that it takes to pass with perfect answers; infinite: no number does; None: there is no
    such rule for the metric."""

    @property
    def is_small_slice(self) -> bool:
        """Whether its slice has too few rows to be judged."""
        return self.slice is not None and (self.rows or 0) < MIN_SLICE_ROWS

    @property
    def is_hopeless(self) -> bool:
        """Whether nothing passes over so few rows."""
        if self.rows is None or self.least_rows is None:
            return False
        return self.rows < self.least_rows


def reach_of(
    gates: Sequence[Gate], held: HeldOut, other_rows: Mapping[str, int] | None = None
) -> tuple[Reach, ...]:
    """List what each gate asks of which rows, in the order of the gates.

    Args:
        gates: What success means.
        held: The held-out rows.
        other_rows: Of metrics that are measured on other rows, how many earlier evidence had.
    """
    return tuple(
        Reach(index, gate, limit, declared, name, rows, level, _least_rows(gate, limit, name))
        for index, gate in enumerate(gates)
        for limit in LIMITS
        if (declared := getattr(gate, limit)) is not None
        for name, rows, level in _row_sets(gate, held, other_rows or {})
    )


LIMITS = ("min", "max", "max_drop", "min_gain")


def refusal(gates: Sequence[Gate], held: HeldOut, places: Sequence[str]) -> Failure | None:
    """Why nothing should be trained for such gates; None: each can be passed.

    ``places`` say where each gate stands: file, line and field.
    """
    told, fixes = [], []
    for index, gate in enumerate(gates):
        if gate.slice is not None and not _slices_of(gate, held):
            told.append(f"{places[index]}: no test row is in {_named(gate, held)}")
            fixes.append("name a slice with rows, or add rows")
    for found in _hopeless(reach_of(gates, held)):
        worst = min(found, key=lambda reach: reach.rows or 0)
        told.append(f"{places[worst.index]}: {_why_hopeless(worst, len(found))}")
        fixes.append(_way_out(worst))
    if not told:
        return None
    return Failure("GateCannotPass", "; ".join(told), "; ".join(dict.fromkeys(fixes)))


def is_share(metric: str) -> bool:
    """Whether its interval is never narrower than that of a share that does not vary."""
    found = METRICS.get(metric)
    return isinstance(found, Rate | Macro | Micro) or (isinstance(found, Mean) and found.is_share)


def _row_sets(
    gate: Gate, held: HeldOut, other_rows: Mapping[str, int]
) -> Iterable[tuple[str | None, int | None, float | None]]:
    """Slice (None: all rows), its rows, and the level of its test."""
    if gate.slice is None:
        yield None, held.rows if gate.metric in METRICS else other_rows.get(gate.metric), None
        return
    every = _slices_of(gate, held)
    judged = {name: n for name, n in every.items() if n >= MIN_SLICE_ROWS} | _pooled(every)
    among = 1 if gate.critical else max(1, len(judged))
    level = min(LEVEL, FALSE_DISCOVERY_RATE / among)
    # Small slices are named where they keep a version from going live.
    shown = every | judged if gate.blocks_when_inconclusive else judged
    for name, n in sorted(shown.items()):
        yield name, n, level


def _slices_of(gate: Gate, held: HeldOut) -> dict[str, int]:
    return {name: n for name, n in held.slices.items() if are_about(gate.slice, name)}


def _pooled(judged: Mapping[str, int]) -> dict[str, int]:
    """The small slices of each family, together, where that makes enough rows."""
    pools: dict[str, list[int]] = {}
    for name, n in judged.items():
        if n < MIN_SLICE_ROWS:
            pools.setdefault(name.partition("=")[0], []).append(n)
    return {
        f"{family}={POOLED}": sum(sizes)
        for family, sizes in pools.items()
        if len(sizes) > 1 and sum(sizes) >= MIN_SLICE_ROWS
    }


def _least_rows(gate: Gate, limit: str, name: str | None) -> float | None:
    """Rows below which the best possible answers do not pass; None: there is no such rule."""
    floor = 0.0 if name is None else float(MIN_SLICE_ROWS)
    declared: float = getattr(gate, limit)
    if not is_share(gate.metric) or limit == "min_gain":
        return floor or None
    if limit == "min":
        return max(floor, least_rows(1 - declared) if declared > 0 else 0.0)
    return max(floor, least_rows(declared))


def _hopeless(reaches: Iterable[Reach]) -> list[list[Reach]]:
    """Those that would keep every version from going live, by gate and limit."""
    found: dict[tuple[int, str], list[Reach]] = {}
    for reach in reaches:
        if reach.is_hopeless and reach.gate.blocks_when_inconclusive:
            found.setdefault((reach.index, reach.limit), []).append(reach)
    return list(found.values())


def _why_hopeless(worst: Reach, alike: int) -> str:
    where = f"the {worst.rows:,} test rows"
    if worst.slice is not None:
        others = f" (and those of {alike - 1} more slices)" if alike > 1 else ""
        where += f" of {worst.slice}{others}"
    what = f"{worst.gate.metric} {worst.limit} {worst.declared:g} cannot be shown by {where}"
    if worst.limit == "max_drop":
        return f"{what}, even if not one answer changes"
    return f"{what}, even if it is {1 if worst.limit == 'min' else 0}"


def _way_out(worst: Reach) -> str:
    rows = worst.rows or 0
    ease = "set on_inconclusive: warn"
    if worst.gate.critical:
        ease = "take critical: true away"
    if worst.is_small_slice:
        return f"give each slice {MIN_SLICE_ROWS} test rows, or {ease}"
    share = math.ceil(Z**2 / (rows + Z**2) * _DIGITS) / _DIGITS
    limit = f"{worst.limit}: {1 - share if worst.limit == 'min' else share:g}"
    enough = ""
    if worst.least_rows is not None and math.isfinite(worst.least_rows):
        enough = f"{math.ceil(worst.least_rows):,} test rows would do; "
    gain = ", or min_gain: 0" if worst.limit == "max_drop" and worst.declared == 0 else ""
    return f"{enough}{limit} is what these can show{gain}; or {ease}"


def _named(gate: Gate, held: HeldOut) -> str:
    """The slice of a gate, and those that it may have meant."""
    family = (gate.slice or "").partition("=")[0]
    near = [name for name in held.slices if name.partition("=")[0] == family]
    known = sorted(near or held.slices)
    more = f" and {len(known) - _MOST_NAMED} more" if len(known) > _MOST_NAMED else ""
    what = "any slice" if gate.slice == ALL_SLICES else gate.slice
    return f"{what} (slices with rows: {', '.join(known[:_MOST_NAMED]) or 'none'}{more})"
