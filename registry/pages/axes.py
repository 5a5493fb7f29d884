"""Round values along an axis. Pure."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

TICKS = 4


@dataclass(frozen=True)
class Tick:
    """A labelled place on an axis."""

    at: float
    label: str


def nice_ticks(low: float, high: float) -> list[float]:
    """Round values that enclose the range, about ``TICKS`` steps apart."""
    span = max(high - low, abs(high) * 0.02, 1e-6)
    rough = span / TICKS
    scale = 10.0 ** math.floor(math.log10(rough))
    step = next(scale * factor for factor in (1, 2, 5, 10) if scale * factor >= rough)
    first, last = math.floor(low / step), math.ceil(high / step)
    return [place * step for place in range(first, max(last, first + 1) + 1)]


def tick_label(value: float, ticks: Sequence[float]) -> str:
    """Write a value with as many digits as tell the ticks apart."""
    step = ticks[1] - ticks[0]
    digits = max(0, -math.floor(math.log10(step) + 1e-9))
    return f"{value:.{digits}f}"
