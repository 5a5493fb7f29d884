"""``spec.promotion`` and ``spec.serving``: how a version goes live, and how it answers."""

from typing import Literal

from pydantic import Field

from specs.section import Section


class Canary(Section):
    """Progressive promotion by traffic shares."""

    steps: list[float] = [5, 25, 100]
    """Percent of the traffic, step by step; the last is 100."""
    minutes: float = Field(default=10, gt=0)
    """How long each step lasts."""


class Promotion(Section):
    """When a version that passed its gates becomes live."""

    mode: Literal["automatic", "manual"] = "automatic"
    """``automatic``: a version that passed its gates goes live. ``manual``: it waits for a
    person."""
    pin: int | None = Field(default=None, ge=1)
    """A version number that stays live whatever else passes; what a rollback writes."""
    on_failed_reverification: Literal["report", "rollback"] = "report"
    """What follows when the live version fails, by the gates and on the held-out rows that are
    declared now. ``report``: it is told, and stays live. ``rollback``: the newest earlier version
    that passes takes its place, as by ``trueup rollback``."""
    canary: Canary | None = None
    """Go live step by step; null: at once."""


class Serving(Section):
    """How the gateway answers."""

    max_batch_size: int = Field(default=32, ge=1)
    """Texts that are answered in one forward pass."""
    capture: float = Field(default=1.0, ge=0, le=1)
    """Share of requests whose text and prediction are kept for the monitors."""
