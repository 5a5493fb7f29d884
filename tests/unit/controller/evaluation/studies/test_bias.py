"""Bias: swapped words and declared groups, with intervals that few pairs cannot pass."""

import numpy as np
import pytest

from controller.errors import EvaluationError
from controller.evaluation.intervals import newcombe
from controller.evaluation.studies import run_studies
from controller.gates.claims import absolute_claims
from controller.gates.criteria import decide
from registry.records import Verdict
from specs.gates import Gate
from tests.unit.controller.evaluation.studies.conftest import WordPredictor

ROWS = [(f"where is my card {number}", "card", {"channel": "web"}) for number in range(60)]


def test_templates_show_a_version_that_listens_to_gender(make_bench):
    bench = make_bench(ROWS, {"bias": {"counterfactuals": ["gender", "names"]}})

    found = run_studies(bench)["bias"]

    gender, names = (found.metrics[f"bias.{name}.score_gap"] for name in ("gender", "names"))
    assert gender.n == 60
    assert gender.low > 0.005
    assert names.value == 0.0
    assert names.high > 0.01
    told = found.report["counterfactuals"]["gender"]
    assert told["by_source"]["in_place"] == {"pairs": 0, "flips": 0}
    assert told["enough"]


@pytest.fixture
def own_lists(tmp_path):
    """Terms and templates as a repository's files hold them."""
    (tmp_path / "terms").write_text("term,counterpart\nhe,she\n")
    (tmp_path / "templates").write_text("template\nhe asked for a card card\n")
    return {"terms.csv": tmp_path / "terms", "templates.csv": tmp_path / "templates"}


def test_few_pairs_are_inconclusive_and_said_to_be_few(make_bench, own_lists):
    rows = [*[("he wants his card card", "card", {})] * 3, *ROWS]
    asked = {"bias": {"terms": {"gender": "terms.csv"}, "templates": "templates.csv"}}

    found = run_studies(make_bench(rows, asked, own_files=own_lists))["bias"]

    estimate = found.metrics["bias.gender.flip_rate"]
    gate = Gate(metric="bias.gender.flip_rate", max=0.05)
    assert (estimate.value, estimate.n) == (0.0, 4)
    assert decide(absolute_claims(gate, estimate)).verdict is Verdict.INCONCLUSIVE
    assert found.report["counterfactuals"]["gender"]["enough"] is False


def test_no_pair_at_all_decides_nothing(make_bench, own_lists):
    asked = {"bias": {"terms": {"region": "terms.csv"}}}

    found = run_studies(make_bench(ROWS, asked, own_files=own_lists))["bias"]

    estimate = found.metrics["bias.region.flip_rate"]
    assert (estimate.low, estimate.high, estimate.n) == (0.0, 1.0, 0)
    for limit in (0.0, 0.5, 0.99):
        gate = Gate(metric="bias.region.flip_rate", max=limit)
        assert decide(absolute_claims(gate, estimate)).verdict is Verdict.INCONCLUSIVE


def test_a_template_without_a_term_is_refused(make_bench, own_lists):
    asked = {"bias": {"counterfactuals": ["religion"], "templates": "templates.csv"}}

    with pytest.raises(
        EvaluationError, match="'he asked for a card card' holds no word of religion"
    ):
        run_studies(make_bench(ROWS, asked, own_files=own_lists))


def grouped(counts: dict[str, dict[tuple[str, str], int]]) -> list[tuple[str, str, dict]]:
    """Rows by group, by (right label, predicted label)."""
    texts = {"card": "card", "refund": "refund", "man": "he"}
    return [
        (texts[predicted], right, {"region": region})
        for region, cells in counts.items()
        for (right, predicted), count in cells.items()
        for _ in range(count)
    ]


NORTH = {
    ("card", "card"): 40,
    ("card", "refund"): 10,
    ("refund", "refund"): 45,
    ("refund", "card"): 5,
}
SOUTH = {
    ("card", "card"): 30,
    ("card", "refund"): 20,
    ("refund", "refund"): 40,
    ("refund", "card"): 10,
}
GAPS = {
    "accuracy_gap": (0.85 - 0.70, 100, 100, (0.85, 0.70)),
    "selection_rate_gap": (0.60 - 0.55, 100, 100, (0.60, 0.55)),
    "true_positive_rate_gap": (0.90 - 0.80, 50, 50, (0.90, 0.80)),
    "false_positive_rate_gap": (0.40 - 0.20, 50, 50, (0.40, 0.20)),
}
"""Worked out by hand, for the outcome refund: value, rows of both groups, their rates."""


def test_group_gaps_are_those_worked_out_by_hand(make_bench):
    asked = {"bias": {"groups": ["region"], "outcomes": ["refund"]}}
    tiny = {("card", "card"): 5}

    bench = make_bench(grouped({"north": NORTH, "south": SOUTH, "east": tiny}), asked)
    found = run_studies(bench)["bias"]

    for name, (value, one, other, rates) in GAPS.items():
        estimate = found.metrics[f"bias.region.{name}"]
        low, high = newcombe((rates[0], one), (rates[1], other))
        assert estimate.value == pytest.approx(value)
        assert (estimate.low, estimate.high) == pytest.approx((max(0.0, low), high))
    assert found.metrics["bias.region.equalized_odds_gap"].value == pytest.approx(0.20)
    assert found.report["groups"]["region"]["too_small"] == {"east": 5}
    north = found.report["groups"]["region"]["groups"]["north"]
    assert north["outcomes"]["refund"]["selection_rate"]["value"] == 0.55


def test_half_of_equalised_odds_leaves_the_whole_open(make_bench):
    few = {("card", "card"): 90, ("refund", "refund"): 10}
    asked = {"bias": {"groups": ["region"], "outcomes": ["refund"]}}

    found = run_studies(make_bench(grouped({"north": few, "south": few}), asked))["bias"]

    odds, alarms = (
        found.metrics[f"bias.region.{name}_gap"]
        for name in ("equalized_odds", "false_positive_rate")
    )
    assert (odds.value, odds.high) == (0.0, 1.0)
    assert alarms.high < 0.1
    assert found.report["groups"]["region"]["too_rare"]["true_positive_rate_gap"] == 1


def test_one_group_alone_is_compared_with_nothing(make_bench):
    found = run_studies(make_bench(ROWS, {"bias": {"groups": ["channel"]}}))["bias"]

    estimate = found.metrics["bias.channel.accuracy_gap"]
    assert (estimate.low, estimate.high, estimate.n) == (0.0, 1.0, 0)


def test_an_outcome_that_is_no_label_is_named(make_bench):
    asked = {"bias": {"groups": ["channel"], "outcomes": ["refunds"]}}

    with pytest.raises(EvaluationError, match="no label 'refunds'") as refused:
        run_studies(make_bench(ROWS, asked))

    assert refused.value.fix == "did you mean 'refund'?"


def test_bounds_over_many_labels_hold_for_groups_that_are_alike(make_bench):
    draw = np.random.default_rng(5)
    labels = [f"label{number}" for number in range(20)]
    words = {label: (label,) for label in labels}
    misses = 0
    for _ in range(40):
        rows = [
            (str(draw.choice(labels)), str(draw.choice(labels)), {"side": side})
            for side in ("left", "right")
            for _ in range(60)
        ]
        asked = {"bias": {"groups": ["side"]}}
        bench = make_bench(rows, asked, predictor=WordPredictor(words))
        estimate = run_studies(bench)["bias"].metrics["bias.side.selection_rate_gap"]
        misses += estimate.low > 0
    assert misses <= 4
