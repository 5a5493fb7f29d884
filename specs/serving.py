"""``spec.promotion`` and ``spec.serving``: how a version goes live, and how it answers."""

from typing import Literal

from pydantic import Field

from specs.section import Section


class Canary(Section):
    """Progressive promotion by traffic shares."""

    steps: list[float] = [5, 25, 100]
    minutes: float = Field(default=10, gt=0)


class Promotion(Section):
    """When a version that passed its gates becomes live."""

    mode: Literal["automatic", "manual"] = "automatic"
    pin: int | None = Field(default=None, ge=1)
    """A version number that stays live whatever else passes; what a rollback writes."""
    canary: Canary | None = None


class Serving(Section):
    """How the gateway answers."""

    max_batch_size: int = Field(default=32, ge=1)
    capture: float = Field(default=1.0, ge=0, le=1)
    """Share of requests whose text and prediction are kept for the monitors."""
