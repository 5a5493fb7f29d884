"""How many held-out rows gates judge, counted from a prepared folder."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from controller.data.prepared import read_prepared

_REMEMBERED = 128


@dataclass(frozen=True)
class HeldOut:
    """Sizes of the test set, without the rows that gates leave out."""

    rows: int
    slices: Mapping[str, int] = field(default_factory=dict)
    """``family=value`` → rows."""


@lru_cache(maxsize=_REMEMBERED)
def count_held_out(prepared: Path, near_leakage: str) -> HeldOut:
    """Count the test rows of a complete prepared folder; such a folder never changes.

    Args:
        prepared: The folder.
        near_leakage: What the spec does with test rows that nearly repeat a training row.
    """
    counted, slices = 0, Counter[str]()
    for row in read_prepared(prepared, "test"):
        if near_leakage == "exclude_from_gates" and row.get("near_leak"):
            continue
        counted += 1
        slices.update(f"{family}={value}" for family, value in row["slices"].items())
    return HeldOut(counted, dict(slices))
