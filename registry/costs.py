"""What a version was planned to cost beside what it did cost. Pure."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from registry.records import VersionRecord


@dataclass(frozen=True)
class Cost:
    """One quantity of one training."""

    quantity: str
    """Its name and unit: ``seconds``, ``peak_memory_bytes``, ..."""
    planned: float | None
    low: float | None
    high: float | None
    actual: float | None
    basis: str
    """How the plan knew: counted, calibrated, or from earlier runs; empty without a plan."""

    @property
    def ratio(self) -> float | None:
        """Planned over actual: 1 is a plan that was right."""
        if self.planned is None or not self.actual:
            return None
        return self.planned / self.actual


def costs_of(version: VersionRecord) -> list[Cost]:
    """All quantities that were planned or measured, in the order in which people ask."""
    figures = _mapping(_mapping(version.training.get("planned")).get("figures"))
    found = []
    for quantity, actual_of in QUANTITIES.items():
        figure = _mapping(figures.get(quantity))
        actual = actual_of(version)
        if figure or actual is not None:
            found.append(
                Cost(
                    quantity=quantity,
                    planned=_number(figure.get("value")),
                    low=_number(figure.get("low")),
                    high=_number(figure.get("high")),
                    actual=actual,
                    basis=str(figure.get("basis", "")),
                )
            )
    return found


def _measured(*names: str) -> Callable[[VersionRecord], float | None]:
    """The first of ``names`` that the training measured."""

    def read(version: VersionRecord) -> float | None:
        values = (_number(version.training.get(name)) for name in names)
        return next((value for value in values if value is not None), None)

    return read


def _artifact_bytes(version: VersionRecord) -> float | None:
    return float(sum(blob.size_bytes for blob in version.files.values())) or None


QUANTITIES: Mapping[str, Callable[[VersionRecord], float | None]] = {
    "seconds": _measured("run_seconds", "duration_seconds"),
    "cpu_seconds": _measured("cpu_seconds"),
    "peak_memory_bytes": _measured("peak_memory_bytes"),
    "artifact_bytes": _artifact_bytes,
    "steps": _measured("steps"),
    "trained_tokens": _measured("tokens"),
}
"""Quantity → what it was in the end."""


def _number(value: Any) -> float | None:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if is_number and math.isfinite(value) else None


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
