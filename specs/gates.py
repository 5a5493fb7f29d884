"""``spec.gates`` and ``spec.overrides``: what success means, and what is let through anyway."""

from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from specs.section import Section

ALL_SLICES = "*"
DATE_PATTERN = r"^\d{4}-\d{2}-\d{2}$"
Effect = Literal["block", "warn"]


class Gate(Section):
    """One declared criterion. Either absolute (min, max) or against another version."""

    metric: str
    """What is judged: one of ``evaluation.metrics``, or ``overfit_gap``."""
    slice: str | None = None
    """A slice family of ``data.slices``, ``family=value``, or ``*`` for all of them."""
    min: float | None = None
    """The metric must be at least this."""
    max: float | None = None
    """The metric must be at most this."""
    against: Literal["live", "previous", "base"] | Annotated[int, Field(ge=1)] | None = None
    """The version to compare with: an alias, the base as it is, or a number."""
    max_drop: float | None = Field(default=None, ge=0)
    """How much worse than ``against`` is tolerated; direction is the metric's own."""
    min_gain: float | None = Field(default=None, ge=0)
    """How much better than ``against`` it must be."""
    level: Effect = "block"
    """``block``: a version that fails never goes live. ``warn``: it is only told."""
    on_inconclusive: Effect | None = None
    """What follows where too few rows decide neither way; null: a gate on all rows blocks, one on
    slices warns."""
    critical: bool = False
    """Of slices: each is judged as if it were the only one, and ``inconclusive`` blocks."""

    @property
    def blocks_when_inconclusive(self) -> bool:
        """Whether what was not shown keeps a version from going live."""
        if self.level == "warn":
            return False
        if self.on_inconclusive is not None:
            return self.on_inconclusive == "block"
        return self.slice is None or self.critical


class Override(Section):
    """Somebody answers for letting a version through although a gate says otherwise."""

    metric: str
    """The metric of the gates whose verdicts no longer block."""
    slice: str | None = None
    """Their slice, as gates name it; null: the gates on all rows."""
    approver: str
    """Who answers for it."""
    reason: str
    """Why the version may go live all the same."""
    expires: str = Field(pattern=DATE_PATTERN)
    """The last day on which it counts (UTC), as 2026-12-31."""

    def is_in_force(self, on: date) -> bool:
        """Whether it counts on this day."""
        return on <= date.fromisoformat(self.expires)

    def covers(self, metric: str, name: str | None) -> bool:
        """Whether a verdict on this metric and slice (``family=value``; None: all) is meant."""
        if metric != self.metric or (name is None) != (self.slice is None):
            return False
        return name is None or are_about(self.slice, name)

    def meets(self, gate: Gate) -> bool:
        """Whether the gate can give a verdict that is covered."""
        if gate.metric != self.metric or (gate.slice is None) != (self.slice is None):
            return False
        if self.slice is None or gate.slice is None:
            return True
        return are_about(self.slice, gate.slice) or are_about(gate.slice, self.slice)


def compares_with_base(gates: list[Gate]) -> bool:
    """Whether a gate asks how much better a version is than its base as it is."""
    return any(gate.against == "base" for gate in gates)


def are_about(wanted: str | None, name: str) -> bool:
    """Whether ``wanted`` (``*``, a family, or ``family=value``) means the slice ``name``."""
    return wanted in (ALL_SLICES, name, name.partition("=")[0])


def in_force(overrides: list[Override], on: date) -> tuple[Override, ...]:
    """Return the overrides that count on this day, in their order."""
    return tuple(override for override in overrides if override.is_in_force(on))
