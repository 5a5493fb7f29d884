"""Gates: what passes, what fails, what is not known, and what blocks."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from controller.evaluation.as_it_is import AS_IT_IS
from controller.gates.judge import judge, passed
from registry.records import Estimate, Verdict
from specs.gates import Gate, Override
from tests.unit.controller.gates.builders import CHEAP, evidence, right, rows_of

PASS, FAIL, INCONCLUSIVE = Verdict.PASS, Verdict.FAIL, Verdict.INCONCLUSIVE


def judged(gate, candidate, **against):
    """The verdicts of one gate."""
    return judge([gate], candidate=candidate, against=against)


@pytest.mark.parametrize(
    ("correct", "expected"),
    [
        pytest.param(290, PASS, id="low bound above the criterion"),
        pytest.param(268, INCONCLUSIVE, id="value above, low bound below"),
        pytest.param(256, INCONCLUSIVE, id="value below, high bound above"),
        pytest.param(230, FAIL, id="high bound below the criterion"),
    ],
)
def test_a_minimum_is_judged_by_bounds(correct, expected):
    candidate = evidence(rows_of(right(correct, 300)))

    [verdict] = judged(Gate(metric="accuracy", min=0.87), candidate)

    assert verdict.verdict is expected
    assert verdict.blocks == (expected is not PASS)


@pytest.mark.parametrize(("maximum", "expected"), [(0.5, PASS), (0.31, INCONCLUSIVE), (0.1, FAIL)])
def test_a_maximum_is_judged_by_the_other_bound(maximum, expected):
    candidate = evidence(rows_of(right(270, 300)))

    [verdict] = judged(Gate(metric="loss", max=maximum), candidate)

    assert verdict.verdict is expected


def test_the_worse_of_two_criteria_counts():
    candidate = evidence(rows_of(right(270, 300)))

    [verdict] = judged(Gate(metric="accuracy", min=0.5, max=0.6), candidate)

    assert verdict.verdict is FAIL
    assert verdict.needed == 0.6


def test_a_bound_is_one_sided():
    candidate = evidence(rows_of(right(270, 300)))
    stored = candidate.metrics["accuracy"]
    between = (stored.low + 0.8630) / 2

    [verdict] = judged(Gate(metric="accuracy", min=between), candidate)

    assert stored.low < between
    assert verdict.verdict is PASS


def test_messages_say_value_bounds_n_and_criterion():
    candidate = evidence(rows_of(right(290, 300)))

    [verdict] = judged(Gate(metric="accuracy", min=0.85), candidate)

    assert verdict.message == "accuracy 0.967 (0.945 to 0.980, n=300) >= 0.85"
    assert verdict.evidence == candidate.metrics["accuracy"]


def test_an_inconclusive_verdict_says_how_many_more_rows_would_decide():
    few = evidence(rows_of(right(270, 300)))
    [verdict] = judged(Gate(metric="accuracy", min=0.88), few)
    more = int(verdict.message.split("about ")[1].split(" more")[0].replace(",", ""))
    total = 300 + more
    enough = evidence(rows_of(right(round(total * 0.9), total)))

    [decided] = judged(Gate(metric="accuracy", min=0.88), enough)

    assert verdict.verdict is INCONCLUSIVE
    assert decided.verdict is PASS


def test_rows_that_do_not_differ_at_all_need_fewer_more():
    candidate = evidence(rows_of(right(40, 40)))
    live = evidence(rows_of(right(40, 40)), version=1)

    [verdict] = judged(Gate(metric="accuracy", against="live", max_drop=0.01), candidate, live=live)

    # z squared times (1 / 0.01 - 1) = 268 rows in all.
    assert "about 230 more held-out rows" in verdict.message


def test_no_number_of_rows_decides_a_value_on_the_criterion():
    candidate = evidence(rows_of(right(270, 300)))

    [verdict] = judged(Gate(metric="accuracy", min=0.9), candidate)

    assert verdict.verdict is INCONCLUSIVE
    assert "hardly decide" in verdict.message


def test_warnings_never_block():
    candidate = evidence(rows_of(right(100, 300)))

    verdicts = judged(Gate(metric="accuracy", min=0.9, level="warn"), candidate)

    assert verdicts[0].verdict is FAIL
    assert passed(verdicts)


def test_a_metric_that_was_not_evaluated_is_a_fault():
    candidate = evidence(rows_of(right(290, 300)), metrics=("loss",))

    with pytest.raises(KeyError):
        judged(Gate(metric="accuracy", min=0.9), candidate)


def test_the_first_version_has_nothing_to_be_worse_than():
    candidate = evidence(rows_of(right(270, 300)))

    [verdict] = judged(Gate(metric="accuracy", against="live", max_drop=0.01), candidate)

    assert verdict.verdict is PASS
    assert verdict.message == "no live version to compare with"


def test_a_gain_on_the_base_as_it_is_is_shown():
    candidate = evidence(rows_of(right(950, 1000)))
    base = evidence(rows_of(right(900, 1000)), version=AS_IT_IS)

    [verdict] = judged(Gate(metric="accuracy", against="base", min_gain=0.03), candidate, base=base)
    [unknown] = judged(Gate(metric="accuracy", against="base", min_gain=0.03), candidate)

    assert verdict.verdict is PASS
    assert "accuracy +0.050 against the base (" in verdict.message
    assert unknown.verdict is INCONCLUSIVE
    assert "no evidence of the base" in unknown.message


def test_a_version_that_was_named_and_is_not_there_blocks():
    candidate = evidence(rows_of(right(270, 300)))

    verdicts = judged(Gate(metric="accuracy", against=7, max_drop=0.01), candidate)

    assert verdicts[0].verdict is INCONCLUSIVE
    assert not passed(verdicts)


def test_a_version_is_not_compared_with_itself():
    candidate = evidence(rows_of(right(20, 30)))

    [verdict] = judged(
        Gate(metric="accuracy", against="live", max_drop=0.01), candidate, live=candidate
    )

    assert verdict.verdict is PASS


@pytest.mark.parametrize(
    ("metric", "mine", "theirs", "expected"),
    [
        pytest.param("accuracy", 900, 900, PASS, id="as good"),
        pytest.param("accuracy", 950, 900, PASS, id="better"),
        pytest.param("accuracy", 895, 900, PASS, id="worse within the tolerance"),
        pytest.param("accuracy", 881, 900, INCONCLUSIVE, id="worse, about by the tolerance"),
        pytest.param("accuracy", 850, 900, FAIL, id="surely worse"),
        pytest.param("loss", 950, 900, PASS, id="lower loss is better"),
        pytest.param("loss", 800, 900, FAIL, id="higher loss is worse"),
    ],
)
def test_a_drop_is_judged_on_the_same_rows_with_the_metrics_direction(
    metric, mine, theirs, expected
):
    candidate = evidence(rows_of(right(mine, 1000)))
    live = evidence(rows_of(right(theirs, 1000)), version=1)

    [verdict] = judged(Gate(metric=metric, against="live", max_drop=0.02), candidate, live=live)

    assert verdict.verdict is expected


@pytest.mark.parametrize(("mine", "expected"), [(980, PASS), (935, INCONCLUSIVE), (905, FAIL)])
def test_a_gain_has_to_be_shown(mine, expected):
    candidate = evidence(rows_of(right(mine, 1000)))
    live = evidence(rows_of(right(900, 1000)), version=1)

    [verdict] = judged(Gate(metric="accuracy", against="live", min_gain=0.03), candidate, live=live)

    assert verdict.verdict is expected


def test_macro_metrics_are_compared_by_a_paired_bootstrap():
    rows, others = rows_of(right(295, 300)), rows_of(right(240, 300))
    candidate = evidence(rows, metrics=("f1_macro",))
    live = evidence(others, version=1, metrics=("f1_macro",))

    [verdict] = judged(Gate(metric="f1_macro", against="live", min_gain=0.1), candidate, live=live)

    assert verdict.verdict is PASS
    assert verdict.evidence.method == "paired bootstrap"


def test_equal_predictions_on_few_rows_show_no_small_tolerance():
    candidate = evidence(rows_of(right(38, 40)), metrics=("f1_macro",))
    live = evidence(rows_of(right(38, 40)), version=1, metrics=("f1_macro",))

    [verdict] = judged(Gate(metric="f1_macro", against="live", max_drop=0.01), candidate, live=live)

    assert verdict.verdict is INCONCLUSIVE


def test_rows_are_paired_by_content_and_excluded_rows_stay_out():
    rows = rows_of(right(90, 100), excluded=[index >= 95 for index in range(100)])
    others = rows_of(right(90, 100))

    [verdict] = judged(
        Gate(metric="accuracy", against="live", max_drop=0.1),
        evidence(rows),
        live=evidence(others, version=1),
    )

    assert verdict.evidence.n == 95


def test_versions_without_common_rows_cannot_be_compared():
    rows = rows_of(right(90, 100))
    others = rows_of(right(90, 100))
    object.__setattr__(others, "keys", tuple(f"{index}:other" for index in range(100)))

    verdicts = judged(
        Gate(metric="accuracy", against="live", max_drop=0.1),
        evidence(rows),
        live=evidence(others, version=1),
    )

    assert verdicts[0].verdict is INCONCLUSIVE
    assert "no held-out row in common" in verdicts[0].message


def test_derived_metrics_are_compared_by_their_estimates():
    gap = Estimate(0.2, 0.18, 0.22, 300, "newcombe")
    live_gap = Estimate(0.02, 0.0, 0.04, 300, "newcombe")
    candidate, live = evidence(rows_of(right(9, 10))), evidence(rows_of(right(9, 10)), version=1)
    object.__setattr__(candidate, "metrics", {"overfit_gap": gap})
    object.__setattr__(live, "metrics", {"overfit_gap": live_gap})

    [verdict] = judged(
        Gate(metric="overfit_gap", against="live", max_drop=0.05), candidate, live=live
    )

    assert verdict.verdict is FAIL


CHANNELS = {"channel": ["web"] * 100 + ["mail"] * 100 + ["fax"] * 10, "short": ["true"] * 210}


def test_a_star_means_every_value_of_every_family():
    candidate = evidence(rows_of([True] * 210, slices=CHANNELS))

    verdicts = judged(Gate(metric="accuracy", slice="*", min=0.8), candidate)

    found = {verdict.slice: verdict.verdict for verdict in verdicts}
    assert found == {
        "channel=fax": INCONCLUSIVE,
        "channel=mail": PASS,
        "channel=web": PASS,
        "short=true": PASS,
    }


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ("channel", ["channel=fax", "channel=mail", "channel=web"]),
        ("channel=web", ["channel=web"]),
    ],
)
def test_a_gate_names_a_family_or_one_slice(wanted, expected):
    candidate = evidence(rows_of([True] * 210, slices=CHANNELS))

    verdicts = judged(Gate(metric="accuracy", slice=wanted, min=0.8), candidate)

    assert [verdict.slice for verdict in verdicts] == expected


def test_a_slice_blocks_when_it_fails_and_warns_when_it_is_not_known():
    correct = [True] * 100 + right(50, 100) + [False] * 10
    candidate = evidence(rows_of(correct, slices=CHANNELS))

    verdicts = judged(Gate(metric="accuracy", slice="channel", min=0.95), candidate)

    assert {verdict.slice: verdict.blocks for verdict in verdicts} == {
        "channel=fax": False,
        "channel=mail": True,
        "channel=web": False,
    }
    assert "too small to judge" in verdicts[0].message


def test_a_slice_without_rows_is_named_and_fails():
    candidate = evidence(rows_of([True] * 210, slices=CHANNELS))

    [verdict] = judged(Gate(metric="accuracy", slice="channel=phone", min=0.8), candidate)

    assert verdict.verdict is FAIL
    assert verdict.blocks
    assert "no row is in channel=phone" in verdict.message


def test_a_slice_is_compared_within_its_own_rows():
    candidate = evidence(rows_of([False] * 100 + [True] * 110, slices=CHANNELS))
    live = evidence(rows_of([True] * 210, slices=CHANNELS), version=1)

    verdicts = judged(
        Gate(metric="accuracy", slice="channel", against="live", max_drop=0.05),
        candidate,
        live=live,
    )

    found = {verdict.slice: (verdict.verdict, verdict.evidence.n) for verdict in verdicts}
    assert found["channel=web"] == (FAIL, 100)
    assert found["channel=mail"] == (PASS, 100)


def waived(name=None, metric="accuracy"):
    """An override of gates on one metric."""
    return Override(
        metric=metric, slice=name, approver="ann", reason="a fair", expires="2026-12-31"
    )


def test_an_override_lifts_the_block_and_leaves_the_verdict():
    candidate = evidence(rows_of(right(100, 300)))

    [verdict] = judge(
        [Gate(metric="accuracy", min=0.9)], candidate=candidate, against={}, overrides=[waived()]
    )

    assert verdict.verdict is FAIL
    assert not verdict.blocks
    assert verdict.override["approver"] == "ann"
    assert verdict.message.endswith("; overridden by ann until 2026-12-31: a fair")


def test_an_override_lifts_no_other_block():
    candidate = evidence(rows_of(right(100, 300)))

    verdicts = judge(
        [Gate(metric="accuracy", min=0.9)],
        candidate=candidate,
        against={},
        overrides=[waived("*"), waived(metric="loss")],
    )

    assert not passed(verdicts)


def test_without_gates_one_verdict_says_so():
    verdicts = judge([], candidate=evidence(rows_of(right(1, 300))), against={})

    assert passed(verdicts)
    assert [verdict.message.split(":")[0] for verdict in verdicts] == ["ungated"]


GATES = st.builds(
    lambda metric, bound, name, level: Gate(metric=metric, min=bound, slice=name, level=level),
    st.sampled_from(CHEAP),
    st.floats(0, 1),
    st.sampled_from([None, "*", "channel", "channel=web"]),
    st.sampled_from(["block", "warn"]),
)
CORRECT = st.integers(0, 120).map(lambda count: right(count, 120))
FAMILY = {"channel": ["web", "mail", "fax"] * 40}


@settings(deadline=None, max_examples=60)
@given(gates=st.lists(GATES, min_size=1, max_size=5), correct=CORRECT)
def test_judging_twice_gives_the_same(gates, correct):
    candidate = evidence(rows_of(correct, slices=FAMILY))

    first = judge(gates, candidate=candidate, against={})
    second = judge(gates, candidate=candidate, against={})

    assert first == second


@settings(deadline=None, max_examples=60)
@given(gates=st.lists(GATES, min_size=1, max_size=5), correct=CORRECT, data=st.data())
def test_the_order_of_gates_does_not_matter(gates, correct, data):
    candidate = evidence(rows_of(correct, slices=FAMILY))
    shuffled = data.draw(st.permutations(gates))

    one = judge(gates, candidate=candidate, against={})
    other = judge(shuffled, candidate=candidate, against={})

    assert sorted(map(repr, one)) == sorted(map(repr, other))
    assert passed(one) == passed(other)


@settings(deadline=None, max_examples=100)
@given(correct=CORRECT, low=st.floats(0, 1), more=st.floats(0, 1))
def test_a_higher_minimum_never_judges_better(correct, low, more):
    rank = {FAIL: 0, INCONCLUSIVE: 1, PASS: 2}
    candidate = evidence(rows_of(correct))

    [easy] = judged(Gate(metric="accuracy", min=low), candidate)
    [hard] = judged(Gate(metric="accuracy", min=low + more), candidate)

    assert rank[hard.verdict] <= rank[easy.verdict]


@settings(deadline=None, max_examples=60)
@given(mine=CORRECT, theirs=CORRECT, drop=st.floats(0, 0.5), more=st.floats(0, 0.5))
def test_a_wider_tolerance_never_judges_worse(mine, theirs, drop, more):
    rank = {FAIL: 0, INCONCLUSIVE: 1, PASS: 2}
    candidate, live = evidence(rows_of(mine)), evidence(rows_of(theirs), version=1)

    [tight] = judged(Gate(metric="accuracy", against="live", max_drop=drop), candidate, live=live)
    [wide] = judged(
        Gate(metric="accuracy", against="live", max_drop=drop + more), candidate, live=live
    )

    assert rank[wide.verdict] >= rank[tight.verdict]


@settings(deadline=None, max_examples=60)
@given(gates=st.lists(GATES, min_size=1, max_size=5), correct=CORRECT)
def test_overrides_change_no_verdict(gates, correct):
    candidate = evidence(rows_of(correct, slices=FAMILY))

    plain = judge(gates, candidate=candidate, against={})
    lifted = judge(
        gates, candidate=candidate, against={}, overrides=[waived(), waived("channel=web")]
    )

    assert [one.verdict for one in lifted] == [one.verdict for one in plain]
    assert all(before.blocks >= after.blocks for before, after in zip(plain, lifted, strict=True))
