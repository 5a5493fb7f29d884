"""What follows from a verdict, overrides, and the only way to have no gates."""

from datetime import date

import pytest

from specs.gates import Gate, Override
from specs.override_rules import expired_overrides

FIRST = "metric: f1_macro, min: 0.85"
EFFECTS = {
    "critical on all rows": (
        (FIRST, f"{FIRST}, critical: true"),
        "critical is for slices; a gate on all rows blocks when it is inconclusive",
    ),
    "critical that only warns": (
        (FIRST, f'{FIRST}, slice: "*", critical: true, on_inconclusive: warn'),
        "critical: true blocks what is inconclusive, and on_inconclusive: warn does not",
    ),
    "a warning that blocks": (
        (FIRST, f"{FIRST}, level: warn, on_inconclusive: block"),
        "level: warn never blocks, and another field says that the gate does",
    ),
}


@pytest.mark.parametrize(("change", "told"), EFFECTS.values(), ids=EFFECTS)
def test_what_follows_from_a_verdict_is_said_once(said, change, told):
    (error,) = said(change)

    assert told in error


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        pytest.param({}, True, id="all rows"),
        pytest.param({"slice": "*"}, False, id="slices"),
        pytest.param({"slice": "*", "critical": True}, True, id="critical slices"),
        pytest.param({"on_inconclusive": "warn"}, False, id="all rows, as declared"),
        pytest.param({"slice": "*", "on_inconclusive": "block"}, True, id="slices, as declared"),
        pytest.param({"level": "warn"}, False, id="a warning"),
    ],
)
def test_what_was_not_shown_blocks_where_it_is_said_or_on_all_rows(fields, expected):
    gate = Gate(metric="accuracy", min=0.5, **fields)

    assert gate.blocks_when_inconclusive is expected


def without_gates(text, instead):
    before, _, after = text.partition("  gates:")
    return f"{before}{instead}\n{after[after.index('  promotion') :]}"


def test_a_spec_that_says_so_has_no_gates(said, text):
    assert said(whole=without_gates(text, "  ungated: true")) == []


@pytest.mark.parametrize("instead", ["  gates: []", "  ungated: false"])
def test_no_gates_without_saying_so_are_an_error(said, text, instead):
    (error,) = said(whole=without_gates(text, instead))

    assert "spec.gates: no gates are declared" in error
    assert "or ungated: true" in error


def test_ungated_beside_gates_is_one_too_many(said):
    (error,) = said(("  promotion:", "  ungated: true\n  promotion:"))

    assert "spec.ungated: ungated: true says that nothing is judged, and there are gates" in error


def overriding(fields):
    return ("  promotion:", f"  overrides:\n    - {fields}\n  promotion:")


GOOD = "metric: f1_macro, approver: ann, reason: a fair, expires: 2026-12-31"
OVERRIDES = {
    "of no gate": (f"{{{GOOD.replace('f1_macro', 'loss')}}}", "no gate is about loss on all rows"),
    "of no slice": (f"{{{GOOD}, slice: short_text}}", "no gate is about f1_macro with slice"),
    "by nobody": (f"{{{GOOD.replace('ann', '')}}}", "approver"),
    "for no reason": (f"{{{GOOD.replace('a fair', repr(' '))}}}", "reason is empty"),
    "without an end": (f"{{{GOOD.replace(', expires: 2026-12-31', '')}}}", "expires is missing"),
    "until no day": (f"{{{GOOD.replace('12-31', '02-31')}}}", "2026-02-31 is no day"),
    "until some time": (f"{{{GOOD.replace('2026-12-31', 'soon')}}}", "'soon' is not a day"),
}


@pytest.mark.parametrize(("fields", "told"), OVERRIDES.values(), ids=OVERRIDES)
def test_an_override_says_of_what_by_whom_why_and_how_long(said, fields, told):
    gate_on_one_family = ('slice: "*"', "slice: channel")

    errors = said(overriding(fields), gate_on_one_family)

    assert len(errors) == 1
    assert "spec.overrides[0]" in errors[0]
    assert told in errors[0]


def test_a_good_override_is_no_error(said):
    assert said(overriding(f"{{{GOOD}}}")) == []


def override(name=None):
    return Override(metric="f1", slice=name, approver="a", reason="b", expires="2026-12-31")


@pytest.mark.parametrize(
    ("declared", "covered", "not_covered"),
    [
        (None, [None], ["channel=web"]),
        ("*", ["channel=web", "short=true"], [None]),
        ("channel", ["channel=web", "channel=fax"], [None, "short=true"]),
        ("channel=web", ["channel=web"], [None, "channel=fax"]),
    ],
)
def test_an_override_covers_the_slices_it_names(declared, covered, not_covered):
    asked = override(declared)

    assert all(asked.covers("f1", name) for name in covered)
    assert not any(asked.covers("f1", name) for name in not_covered)
    assert not any(asked.covers("accuracy", name) for name in covered)


def test_an_override_that_has_expired_is_told_and_is_no_error(spec_of):
    spec = spec_of(overriding(f"{{{GOOD}}}"))

    assert expired_overrides(spec, date(2026, 12, 31)) == []
    (told,) = expired_overrides(spec, date(2027, 1, 1))
    assert told.startswith("spec.overrides[0]: the override of f1_macro by ann expired on")


AGAINST_BASE = ("against: live", "against: base")
NO_BASE = {
    "a probe": (
        [("method: lora", "method: linear-probe")],
        "a linear probe is the base as it is, with a head",
    ),
    "no probe to start from": (
        [("seed: 17", "seed: 17\n    head: {init: random}")],
        "and head.init: random makes none (set training.head.init: linear-probe",
    ),
    "what is no metric of the rows": (
        [("f1_macro, against", "overfit_gap, against")],
        "overfit_gap is not measured on the base as it is",
    ),
}


@pytest.mark.parametrize(("changes", "told"), NO_BASE.values(), ids=NO_BASE)
def test_the_base_is_compared_with_only_where_it_answers(said, changes, told):
    errors = said(*changes, AGAINST_BASE)

    assert any("spec.gates[2].against: " in error and told in error for error in errors)


def test_a_version_may_be_compared_with_its_base_with_any_other_or_with_one_number(said):
    for against in ("base", "previous", "3"):
        assert said(("against: live", f"against: {against}")) == []
