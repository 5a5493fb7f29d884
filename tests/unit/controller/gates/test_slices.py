"""Gates on many slices: corrected together, critical ones alone, small ones named and pooled."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from controller.evaluation.slices import measure_slices
from controller.gates.judge import judge, passed
from controller.gates.slices import MIN_SLICE_ROWS
from registry.records import Verdict
from specs.gates import Gate
from tests.unit.controller.gates.builders import evidence, right, rows_of

PASS, FAIL, INCONCLUSIVE = Verdict.PASS, Verdict.FAIL, Verdict.INCONCLUSIVE
RANK = {FAIL: 0, INCONCLUSIVE: 1, PASS: 2}
KEPT = {"metric": "accuracy", "slice": "*", "against": "live", "max_drop": 0.05}


def judged(gate, candidate, live=None):
    """The verdicts of one gate, by slice."""
    against = {} if live is None else {"live": live}
    return {one.slice: one for one in judge([gate], candidate=candidate, against=against)}


def versions(*slices):
    """A candidate and live: of each slice (rows, right in the candidate, right in live)."""
    names = [f"s{number:02}" for number in range(len(slices))]
    family = [name for name, (n, _, _) in zip(names, slices, strict=True) for _ in range(n)]
    mine, theirs = (
        [one for slice_ in slices for one in right(slice_[place], slice_[0])] for place in (1, 2)
    )
    return (
        evidence(rows_of(mine, slices={"part": family})),
        evidence(rows_of(theirs, slices={"part": family}), version=1),
    )


SAME = (40, 36, 36)


def test_one_slice_that_lost_a_lot_fails_among_many():
    candidate, live = versions((40, 24, 36), *[SAME] * 30)

    found = judged(Gate(**KEPT), candidate, live)

    worst = found["part=s00"]
    assert worst.verdict is FAIL
    assert worst.blocks
    assert (worst.test.method, worst.test.among, worst.discordant) == ("exact McNemar", 31, (0, 12))
    assert "0 gained, 12 lost; p < 0.001, significant among 31" in worst.message
    assert not any(found[f"part=s{number:02}"].blocks for number in range(1, 31))


def test_what_is_a_failure_alone_may_be_chance_among_many():
    lost_five = (40, 31, 36)
    alone, many = (judged(Gate(**KEPT), *versions(lost_five, *rest)) for rest in ([], [SAME] * 30))

    assert alone["part=s00"].verdict is FAIL
    assert many["part=s00"].verdict is INCONCLUSIVE
    assert "p 0.031, chance among 31" in many["part=s00"].message


def test_a_critical_slice_is_judged_as_if_it_were_the_only_one():
    candidate, live = versions((40, 31, 36), *[SAME] * 30)

    found = judged(Gate(**KEPT, critical=True), candidate, live)

    assert found["part=s00"].verdict is FAIL
    assert found["part=s00"].test.among == 1
    # Nothing changed there, and 40 rows cannot show that no more than 5 % did.
    assert found["part=s01"].verdict is INCONCLUSIVE
    assert found["part=s01"].blocks
    assert found["part=s01"].more_rows == 12


def test_a_loss_within_the_tolerance_is_no_failure_however_sure():
    candidate, live = versions((2000, 1740, 1800))

    found = judged(Gate(**KEPT), candidate, live)

    assert found["part=s00"].test.p < 0.001
    assert found["part=s00"].verdict is PASS


def test_limits_on_many_slices_are_corrected_too():
    gate = Gate(metric="accuracy", slice="*", min=0.9)
    low, bad = (40, 32, 32), (40, 25, 25)

    alone, many = (judged(gate, versions(low, *rest)[0]) for rest in ([], [SAME] * 30))
    failing = judged(gate, versions(bad, *[SAME] * 30)[0])

    assert alone["part=s00"].verdict is FAIL
    assert alone["part=s00"].test.method == "exact binomial"
    assert many["part=s00"].verdict is INCONCLUSIVE
    assert failing["part=s00"].verdict is FAIL


@pytest.mark.parametrize(
    ("metric", "method"), [("f1_macro", "paired permutation"), ("loss", "paired permutation")]
)
def test_other_metrics_are_tested_by_swapping_rows(metric, method):
    candidate, live = versions((60, 30, 54), *[(60, 54, 54)] * 2)
    metrics = ("f1_macro", "loss")
    candidate, live = (
        evidence(one.rows, version=one.version, metrics=metrics) for one in (candidate, live)
    )

    found = judged(Gate(**KEPT | {"metric": metric}), candidate, live)

    assert found["part=s00"].verdict is FAIL
    assert found["part=s00"].test.method == method
    assert found["part=s01"].verdict is not FAIL


def test_a_gain_on_slices_is_tested_against_what_was_asked():
    candidate, live = versions((200, 180, 180), (200, 196, 160))
    gate = Gate(metric="accuracy", slice="*", against="live", min_gain=0.05)

    found = judged(gate, candidate, live)

    assert (found["part=s00"].verdict, found["part=s01"].verdict) == (FAIL, PASS)
    assert found["part=s00"].test.method == "paired score"


def test_small_slices_are_named_and_judged_together():
    candidate, live = versions((40, 36, 36), (20, 10, 20), (15, 9, 15))

    found = judged(Gate(**KEPT), candidate, live)

    assert [found[f"part={name}"].verdict for name in ("s01", "s02")] == [INCONCLUSIVE] * 2
    assert "part=s01 is too small to judge" in found["part=s01"].message
    assert found["part=(other)"].verdict is FAIL
    assert found["part=(other)"].evidence.n == 35
    assert found["part=(other)"].blocks


def test_small_slices_that_are_few_together_say_so():
    candidate, _ = versions((40, 36, 36), (10, 10, 10), (12, 12, 12))

    found = judged(Gate(metric="accuracy", slice="part", min=0.5), candidate)

    assert found["part=(other)"].verdict is INCONCLUSIVE
    assert "part=(other), 2 slices together, is too small to judge" in found["part=(other)"].message
    assert found["part=(other)"].more_rows == MIN_SLICE_ROWS - 22


def test_a_single_small_slice_has_nothing_to_be_pooled_with():
    candidate, _ = versions((40, 36, 36), (10, 10, 10))

    found = judged(Gate(metric="accuracy", slice="part", min=0.5), candidate)

    assert sorted(found) == ["part=s00", "part=s01"]


def test_values_too_many_to_be_measured_are_judged_together():
    candidate, _ = versions((40, 36, 36), (40, 5, 5), (40, 5, 5))
    kept = measure_slices(("accuracy",), candidate.rows)
    object.__setattr__(candidate, "slices", {"part=s00": kept["part=s00"]})

    found = judged(Gate(metric="accuracy", slice="*", min=0.8), candidate)

    assert found["part=(other)"].verdict is FAIL
    assert found["part=(other)"].evidence.n == 80


def test_what_a_gate_says_of_the_inconclusive_is_done():
    candidate, _ = versions((40, 36, 36))
    asked = {"metric": "accuracy", "slice": "*", "min": 0.88}

    plain, blocking = (
        judge([Gate(**asked, **more)], candidate=candidate, against={})
        for more in ({}, {"on_inconclusive": "block"})
    )

    assert [one.verdict for one in (*plain, *blocking)] == [INCONCLUSIVE, INCONCLUSIVE]
    assert passed(plain)
    assert not passed(blocking)


SLICES = st.lists(
    st.tuples(st.integers(1, 80), st.floats(0, 1), st.floats(0, 1)).map(
        lambda drawn: (drawn[0], round(drawn[0] * drawn[1]), round(drawn[0] * drawn[2]))
    ),
    min_size=1,
    max_size=5,
)
GATES = st.sampled_from(
    [
        Gate(**KEPT),
        Gate(**KEPT, critical=True),
        Gate(metric="accuracy", slice="*", min=0.8),
        Gate(metric="accuracy", slice="part", max=0.9),
        Gate(metric="accuracy", slice="*", against="live", min_gain=0.02),
    ]
)


@settings(deadline=None, max_examples=60)
@given(slices=SLICES, gate=GATES)
def test_too_few_rows_never_pass(slices, gate):
    candidate, live = versions(*slices)

    found = judged(gate, candidate, live)

    assert all(
        RANK[one.verdict] < RANK[PASS] for one in found.values() if one.evidence.n < MIN_SLICE_ROWS
    )


@settings(deadline=None, max_examples=60)
@given(slices=SLICES, gate=GATES, data=st.data())
def test_better_answers_anywhere_never_judge_anything_worse(slices, gate, data):
    place = data.draw(st.integers(0, len(slices) - 1))
    n, mine, theirs = slices[place]
    better = [*slices[:place], (n, min(n, mine + data.draw(st.integers(1, 20))), theirs)]
    better += slices[place + 1 :]
    if gate.max is not None:
        slices, better = better, slices

    before, after = (judged(gate, *versions(*one)) for one in (slices, better))

    assert all(RANK[after[name].verdict] >= RANK[before[name].verdict] for name in before)


@settings(deadline=None, max_examples=40)
@given(slices=SLICES, gate=GATES, seed=st.integers(0, 99))
def test_the_order_of_rows_does_not_matter(slices, gate, seed):
    candidate, live = versions(*slices)
    order = np.random.default_rng(seed).permutation(len(candidate.rows))
    moved = evidence(candidate.rows.select(order))

    before, after = (judged(gate, one, live) for one in (candidate, moved))

    assert {name: one.verdict for name, one in before.items()} == {
        name: one.verdict for name, one in after.items()
    }
