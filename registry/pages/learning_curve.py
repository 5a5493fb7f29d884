"""A learning curve as geometry that a template draws. Pure.

Rows stand on a logarithmic axis: each share of the rows is twice the one before. Points are
measured, each whisker is a 95 % interval; the line is the law through them, dashed where it goes on
to twice the rows.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from registry.pages.axes import Tick, nice_ticks, tick_label
from registry.records import Json

WIDTH, HEIGHT = 400, 226
LEFT, RIGHT, TOP, BOTTOM = 48, 16, 12, 42
_STEPS = 40


@dataclass(frozen=True)
class Mark:
    """One measured point."""

    x: float
    y: float
    low_y: float
    high_y: float
    said: str


@dataclass(frozen=True)
class CurveChart:
    """Everything that is drawn; lengths in SVG units."""

    said: str
    measure: str
    marks: Sequence[Mark]
    law: str
    """The points of the law's line up to the rows that there are."""
    beyond: str
    """The same up to twice the rows."""
    y_ticks: Sequence[Tick]
    x_ticks: Sequence[Tick]
    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT
    right: int = WIDTH - RIGHT
    bottom: int = HEIGHT - BOTTOM
    top: int = TOP


def draw_learning_curve(curve: Json) -> CurveChart | None:
    """Draw a curve from a data report; None when it has no points."""
    points = curve.get("points") or ()
    if not points:
        return None
    total = curve["rows"]
    law = _law(curve["law"])
    first, last = points[0]["rows"], 2 * total
    values = [value for one in points for value in (one["low"], one["high"])]
    ticks = nice_ticks(min(0.0, *values), max(*values, law(first)))

    def x_of(rows: float) -> float:
        share = math.log(rows / first) / math.log(last / first)
        return LEFT + 8 + share * (WIDTH - RIGHT - LEFT - 16)

    def y_of(value: float) -> float:
        share = (value - ticks[0]) / (ticks[-1] - ticks[0])
        return HEIGHT - BOTTOM - share * (HEIGHT - BOTTOM - TOP)

    def line(start: float, stop: float) -> str:
        steps = (start * (stop / start) ** (at / _STEPS) for at in range(_STEPS + 1))
        return " ".join(f"{x_of(rows):.1f},{y_of(law(rows)):.1f}" for rows in steps)

    marks = [_mark(one, x_of, y_of) for one in points]
    return CurveChart(
        said="Error by training rows. " + "; ".join(mark.said for mark in marks),
        measure="error" if curve.get("measure") == "error" else "1 - F1",
        marks=marks,
        law=line(first, total),
        beyond=line(total, last),
        y_ticks=[Tick(y_of(value), tick_label(value, ticks)) for value in ticks],
        x_ticks=[
            Tick(x_of(rows), f"{rows:,}") for rows in (*(one["rows"] for one in points), last)
        ],
    )


def _mark(point: Json, x_of: Callable[[float], float], y_of: Callable[[float], float]) -> Mark:
    said = (
        f"{point['rows']:,} rows: {point['error']:.3f}, "
        f"95 % interval {point['low']:.3f} to {point['high']:.3f}"
    )
    return Mark(
        x=x_of(point["rows"]),
        y=y_of(point["error"]),
        low_y=y_of(point["low"]),
        high_y=y_of(point["high"]),
        said=said,
    )


def _law(law: Json) -> Callable[[float], float]:
    a, b, c = (float(law[name]) for name in "abc")

    def error(rows: float) -> Any:
        return a * rows**-b + c

    return error
