"""A metric over versions, as geometry that a template draws. Pure.

Each point is one version's value on held-out rows, each whisker its 95 % interval, and a dashed
line what the gates ask for.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from registry.overview import VersionView
from registry.pages.axes import Tick, nice_ticks, tick_label
from registry.pages.formats import number, words
from registry.records import Estimate
from registry.version_state import VersionState

WIDTH, HEIGHT = 370, 216
LEFT, RIGHT, TOP, BOTTOM = 44, 12, 12, 42
LIMIT_LABEL = 34
"""Room on the right for what a gate asks for."""
SHOWN_VERSIONS = 24
SHOWN_METRICS = 3
_SIGNS = {"min": "\N{GREATER-THAN OR EQUAL TO}", "max": "\N{LESS-THAN OR EQUAL TO}"}
_PREFERRED = ("f1_macro", "accuracy", "token_f1", "exact_match", "perplexity", "loss")


Limit = tuple[str, float]
"""What a gate asks for: the sign, and the bound."""


@dataclass(frozen=True)
class Mark:
    """One version in the plot."""

    x: float
    y: float
    low_y: float
    high_y: float
    number: int
    state: VersionState
    said: str
    """What a pointer or a screen reader is told."""


@dataclass(frozen=True)
class Plot:
    """Everything that is drawn; lengths in SVG units."""

    metric: str
    title: str
    said: str
    marks: tuple[Mark, ...]
    y_ticks: tuple[Tick, ...]
    x_ticks: tuple[Tick, ...]
    limits: tuple[Tick, ...]
    right: int
    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT
    bottom: int = HEIGHT - BOTTOM
    top: int = TOP

    @property
    def line(self) -> str:
        """The points of the line through all marks."""
        return " ".join(f"{mark.x:.1f},{mark.y:.1f}" for mark in self.marks)


def plot_metrics(views: Sequence[VersionView], spec: Mapping[str, Any]) -> list[Plot]:
    """Plot the metrics that matter most: those with gates first, then the usual ones."""
    shown = [view for view in views if view.evaluation][-SHOWN_VERSIONS:]
    limits = _limits(spec)
    measured = {name for view in shown for name in _finite(view)}
    wanted = dict.fromkeys((*limits, *_PREFERRED, *sorted(measured)))
    names = [name for name in wanted if name in measured][:SHOWN_METRICS]
    return [_plot(name, shown, limits.get(name, ())) for name in names]


def _plot(metric: str, views: Sequence[VersionView], limits: Sequence[Limit]) -> Plot:
    points = [(view, _finite(view)[metric]) for view in views if metric in _finite(view)]
    values = [bound for _, one in points for bound in (one.low, one.value, one.high)]
    asked = [value for _, value in limits]
    ticks = nice_ticks(min(*values, *asked), max(*values, *asked))
    low, high = ticks[0], ticks[-1]

    def y_of(value: float) -> float:
        return HEIGHT - BOTTOM - (value - low) / (high - low) * (HEIGHT - BOTTOM - TOP)

    right = WIDTH - RIGHT - (LIMIT_LABEL if limits else 0)
    step = (right - LEFT) / len(points)
    marks = tuple(
        Mark(
            x=LEFT + step * (place + 0.5),
            y=y_of(one.value),
            low_y=y_of(one.low),
            high_y=y_of(one.high),
            number=view.version.number,
            state=view.state,
            said=(
                f"version {view.version.number} ({view.state}): {number(one.value)}, "
                f"95 % interval {number(one.low)} to {number(one.high)}, n = {one.n}"
            ),
        )
        for place, (view, one) in enumerate(points)
    )
    return Plot(
        metric=metric,
        title=words(metric),
        said=f"{words(metric)} by version. " + "; ".join(mark.said for mark in marks),
        marks=marks,
        y_ticks=tuple(Tick(y_of(value), tick_label(value, ticks)) for value in ticks),
        x_ticks=tuple(Tick(mark.x, str(mark.number)) for mark in _thinned(marks)),
        limits=tuple(Tick(y_of(value), f"{sign} {value:g}") for sign, value in limits),
        right=right,
    )


def _finite(view: VersionView) -> dict[str, Estimate]:
    if view.evaluation is None:
        return {}
    return {
        name: one
        for name, one in view.evaluation.metrics.items()
        if all(math.isfinite(value) for value in (one.value, one.low, one.high))
    }


def _limits(spec: Mapping[str, Any]) -> dict[str, tuple[Limit, ...]]:
    """Metric → what gates on all rows ask for."""
    found: dict[str, tuple[Limit, ...]] = {}
    for gate in spec.get("spec", {}).get("gates", ()):
        bounds = [(sign, gate[side]) for side, sign in _SIGNS.items() if gate.get(side) is not None]
        if bounds and gate.get("slice") is None:
            found[gate["metric"]] = (*found.get(gate["metric"], ()), *bounds)
    return found


def _thinned(marks: Sequence[Mark]) -> Sequence[Mark]:
    every = math.ceil(len(marks) / 12)
    return [mark for place, mark in enumerate(marks) if place % every == 0]
