import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.overview import VersionView
from registry.pages.plot import SHOWN_METRICS, SHOWN_VERSIONS, plot_metrics
from registry.records import Estimate, EvaluationRecord, VersionRecord
from registry.version_state import VersionState
from tests.contract import rows

finite = st.floats(-1e6, 1e6, allow_nan=False)


def view(number, metrics, state=VersionState.PASSED):
    version = VersionRecord(**vars(rows.version_draft("v")), number=number, created_at=rows.NOW)
    draft = vars(rows.evaluation_draft(version)) | {"metrics": metrics}
    return VersionView(version, state, (), EvaluationRecord(**draft, created_at=rows.NOW), None)


def spec(*gates):
    return {"spec": {"gates": list(gates)}}


def test_each_version_is_a_mark_with_a_whisker():
    views = [view(1, {"f1_macro": rows.estimate(0.8)}), view(2, {"f1_macro": rows.estimate(0.9)})]

    (plot,) = plot_metrics(views, {})

    first, second = plot.marks
    assert (first.number, second.number) == (1, 2)
    assert first.x < second.x
    assert second.y < first.y  # better is higher, and SVG counts downwards
    assert first.high_y < first.y < first.low_y
    assert [tick.label for tick in plot.x_ticks] == ["1", "2"]


def test_everything_a_pointer_is_told_is_in_the_mark():
    (plot,) = plot_metrics([view(4, {"f1_macro": rows.estimate(0.9)}, VersionState.LIVE)], {})

    assert plot.marks[0].said == ("version 4 (live): 0.900, 95 % interval 0.870 to 0.930, n = 300")
    assert plot.said.startswith("F1 macro by version. version 4")


def test_what_a_gate_asks_for_is_a_line_inside_the_plot():
    gate = {"metric": "f1_macro", "min": 0.5, "max": None, "slice": None}

    (plot,) = plot_metrics([view(1, {"f1_macro": rows.estimate(0.9)})], spec(gate))

    (limit,) = plot.limits
    assert limit.label == "\N{GREATER-THAN OR EQUAL TO} 0.5"
    assert plot.top <= limit.at <= plot.bottom


def test_a_gate_on_a_slice_is_no_line_for_all_rows():
    gate = {"metric": "f1_macro", "min": 0.5, "slice": "*"}

    (plot,) = plot_metrics([view(1, {"f1_macro": rows.estimate(0.9)})], spec(gate))

    assert plot.limits == ()


def test_metrics_with_gates_come_first():
    metrics = {name: rows.estimate(0.5) for name in ("accuracy", "f1_macro", "loss", "zeal")}

    plots = plot_metrics([view(1, metrics)], spec({"metric": "zeal", "min": 0.1}))

    assert [plot.metric for plot in plots] == ["zeal", "f1_macro", "accuracy"]
    assert len(plots) == SHOWN_METRICS


def test_without_evidence_there_is_no_plot():
    version = view(1, {})

    assert plot_metrics([], {}) == []
    assert plot_metrics([version], {}) == []
    assert plot_metrics([view(1, {"loss": rows.estimate(math.nan)})], {}) == []


def test_a_long_history_shows_its_end_with_fewer_labels():
    views = [view(number, {"loss": rows.estimate(1.0)}) for number in range(1, 101)]

    (plot,) = plot_metrics(views, {})

    assert [mark.number for mark in plot.marks] == list(range(101 - SHOWN_VERSIONS, 101))
    assert len(plot.x_ticks) <= 12


@given(st.lists(st.tuples(finite, finite, finite), min_size=1, max_size=9))
def test_whatever_was_measured_stays_inside_the_plot(measured):
    views = [
        view(number, {"loss": Estimate(middle, low, high, 10, "bootstrap")})
        for number, (low, middle, high) in enumerate((sorted(one) for one in measured), 1)
    ]

    (plot,) = plot_metrics(views, {})

    for mark in plot.marks:
        assert plot.top - 0.01 <= mark.high_y <= mark.y <= mark.low_y <= plot.bottom + 0.01
        assert plot.left <= mark.x <= plot.right
    labels = [tick.label for tick in plot.y_ticks]
    assert len(labels) == len(set(labels)) >= 2
    assert all(below.at > above.at for below, above in pairwise(plot.y_ticks))


@pytest.mark.parametrize("value", [0.0, 1.0, -3.0, 1e-9])
def test_a_measurement_without_any_spread_still_has_an_axis(value):
    (plot,) = plot_metrics([view(1, {"loss": Estimate(value, value, value, 1, "exact")})], {})

    assert len(plot.y_ticks) >= 2
