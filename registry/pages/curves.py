"""The curves of one training, as geometry that a template draws. Pure.

Training and validation stand in one chart, so that overfitting can be seen: the one still falls
while the other rises again.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from registry.pages.axes import Tick, nice_ticks, tick_label
from registry.pages.formats import number
from registry.records import CurvePoint

WIDTH, HEIGHT = 370, 216
LEFT, RIGHT, TOP, BOTTOM = 44, 12, 12, 42
MOST_POINTS = 200
"""A line of more points than pixels tells nothing more."""
CHARTS: Mapping[str, Mapping[str, str]] = {
    "Loss": {"train_loss": "training", "validation_loss": "validation"},
    "On validation rows": {"validation_accuracy": "accuracy", "validation_f1_macro": "F1 macro"},
}
"""Title → the curves in it, as runs record them, and what they are called there."""


@dataclass(frozen=True)
class Curve:
    """One line."""

    label: str
    kind: str
    """``first`` or ``second`` of its chart; decides how it is drawn."""
    line: str
    """The points of an SVG polyline."""
    dots: tuple[tuple[float, float], ...]
    """Its points, where they are few enough to be marked."""


@dataclass(frozen=True)
class Chart:
    """Curves over one axis of steps; lengths in SVG units."""

    title: str
    said: str
    curves: tuple[Curve, ...]
    y_ticks: tuple[Tick, ...]
    x_ticks: tuple[Tick, ...]
    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT
    right: int = WIDTH - RIGHT
    bottom: int = HEIGHT - BOTTOM
    top: int = TOP


def draw_curves(points: Sequence[CurvePoint]) -> list[Chart]:
    """Draw what a run recorded; a chart that would hold less than two points is left out."""
    charts = []
    for title, names in CHARTS.items():
        of_run = {
            label: [one for one in points if one.name == name and math.isfinite(one.value)]
            for name, label in names.items()
        }
        found = {label: _thinned(series) for label, series in of_run.items() if series}
        if any(len(series) > 1 for series in found.values()):
            charts.append(_chart(title, found))
    return charts


def _chart(title: str, found: Mapping[str, Sequence[CurvePoint]]) -> Chart:
    values = [one.value for series in found.values() for one in series]
    steps = [one.step for series in found.values() for one in series]
    y_ticks = nice_ticks(min(values), max(values))
    x_ticks = [value for value in nice_ticks(0, max(steps)) if value <= max(steps)]

    def place(one: CurvePoint) -> tuple[float, float]:
        share = (one.value - y_ticks[0]) / (y_ticks[-1] - y_ticks[0])
        return x_of(one.step), HEIGHT - BOTTOM - share * (HEIGHT - BOTTOM - TOP)

    def x_of(step: float) -> float:
        return LEFT + step / max(steps) * (WIDTH - RIGHT - LEFT)

    curves = tuple(
        _curve(label, kind, [place(one) for one in series])
        for (label, series), kind in zip(found.items(), ("first", "second"), strict=False)
    )
    ends = (f"{label} ends at {number(series[-1].value)}" for label, series in found.items())
    zero, span = HEIGHT - BOTTOM, y_ticks[-1] - y_ticks[0]
    heights = (zero - (value - y_ticks[0]) / span * (zero - TOP) for value in y_ticks)
    return Chart(
        title=title,
        said=f"{title} by step: {', '.join(ends)}.",
        curves=curves,
        y_ticks=tuple(
            Tick(at, tick_label(value, y_ticks)) for at, value in zip(heights, y_ticks, strict=True)
        ),
        x_ticks=tuple(Tick(x_of(value), f"{value:g}") for value in x_ticks),
    )


def _curve(label: str, kind: str, places: Sequence[tuple[float, float]]) -> Curve:
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
    few = len(places) <= 12  # noqa: PLR2004  (epochs, not steps)
    return Curve(label, kind, line, tuple(places) if few else ())


def _thinned(series: Sequence[CurvePoint]) -> Sequence[CurvePoint]:
    every = math.ceil(len(series) / MOST_POINTS)
    last = len(series) - 1
    return [one for place, one in enumerate(series) if place % every == 0 or place == last]
