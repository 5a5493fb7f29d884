"""What the gates can show over the test rows, on a terminal and as JSON."""

import math
from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Any

from controller.cli.output import print_table, say

if TYPE_CHECKING:
    # Types only: `trueup --help` must not load numpy.
    from controller.gates.power import Power
    from controller.gates.reach import Reach

_MOST_SLICES = 3
"""Slices of one gate that the table shows: the smallest, one in the middle, the largest."""


def show_power(name: str, powers: "Sequence[Power]") -> None:
    """Print what each gate of one model passes, fails, and cannot tell, given the truth."""
    if not powers:
        return
    say(f"\nWhat the gates of {name} can show, in 80 of 100 cases:")
    # The gate stands last: that is the column which folds on a narrow terminal.
    print_table(("ROWS", "PASSES", "FAILS", "CANNOT TELL", "GATE"), _rows(powers))
    churns = {f"{power.churn:.1%}" for power in powers if power.churn is not None}
    if churns:
        told = " or ".join(sorted(churns))
        say(f"Comparisons: if {told} of the answers change though nothing got worse.")


def power_as_json(powers: "Sequence[Power]") -> list[dict[str, Any]]:
    """Put it in the form that scripts read; every slice is there."""
    return [
        {
            "gate": power.reach.gate.model_dump(exclude_none=True),
            "limit": power.reach.limit,
            "declared": power.reach.declared,
            "slice": power.reach.slice,
            "rows": power.reach.rows,
            "passes_at": power.passes_at,
            "fails_at": power.fails_at,
            "unchanged_passes": power.unchanged_passes,
            "least_rows": _whole(power.reach.least_rows),
            "can_pass": not power.reach.is_hopeless,
            "churn": power.churn,
            "basis": power.basis,
        }
        for power in powers
    ]


def _rows(powers: "Sequence[Power]") -> Iterable[tuple[str, ...]]:
    """One row a gate; of a gate on many slices some, by their rows."""
    for _, group in groupby(powers, key=lambda power: (power.reach.index, power.reach.limit)):
        found = sorted(group, key=lambda power: power.reach.rows or 0)
        more = len(found) - _MOST_SLICES
        if more > 0:
            found = [found[0], found[len(found) // 2], found[-1]]
        yield from (_row(power) for power in found)
        if more > 0:
            yield ("", "", "", "", f"... and {more} more slices (--json)")


def _row(power: "Power") -> tuple[str, ...]:
    reach = power.reach
    rows = "?" if reach.rows is None else f"{reach.rows:,}"
    return (rows, _passes(power), _fails(power), _cannot(power), _gate(reach))


def _gate(reach: "Reach") -> str:
    where = f" on {reach.slice}" if reach.slice else ""
    against = f" against {reach.gate.against}" if reach.gate.against else ""
    return f"{reach.gate.metric}{where}{against} {reach.limit} {reach.declared:g}"


def _passes(power: "Power") -> str:
    if power.reach.is_hopeless:
        return f"never: {_wanted_rows(power.reach)}"
    if power.unchanged_passes is not None:
        return f"if unchanged, {math.floor(100 * power.unchanged_passes)} of 100"
    if power.passes_at is None:
        return "?"
    return f"{_side(power, '>=', '<=')} {power.passes_at:.3f}"


def _fails(power: "Power") -> str:
    if power.fails_at is None:
        return "?" if power.basis.startswith("known") else "never"
    if power.reach.limit == "max_drop":
        return f"a loss of {power.fails_at:.3f}"
    if power.reach.limit == "min_gain":
        return f"a gain of {power.fails_at:.3f}" if power.fails_at > 0 else "no gain"
    return f"{_side(power, '<=', '>=')} {power.fails_at:.3f}"


def _cannot(power: "Power") -> str:
    if power.basis.startswith("known"):
        return "not known yet"
    if power.reach.limit == "max_drop":
        return "a smaller loss" if power.fails_at is not None else "any loss"
    ends = sorted(end for end in (power.passes_at, power.fails_at) if end is not None)
    if len(ends) > 1:
        return f"{max(0.0, ends[0]):.3f} to {ends[1]:.3f}"
    return "the rest"


def _side(power: "Power", of_floor: str, of_ceiling: str) -> str:
    return of_ceiling if power.reach.limit == "max" else of_floor


def _wanted_rows(reach: "Reach") -> str:
    least = _whole(reach.least_rows)
    return "no number of rows can" if least is None else f"takes {least:,} rows"


def _whole(rows: float | None) -> int | None:
    return None if rows is None or math.isinf(rows) else math.ceil(rows)
