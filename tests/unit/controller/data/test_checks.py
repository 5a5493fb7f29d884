"""The checks: what each one finds, and what its action does."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from controller.data.checks import CHECKS
from controller.data.checks.labels import (
    check_imbalance,
    check_label_conflicts,
    check_rows_per_label,
    check_unseen_labels,
)
from controller.data.checks.leakage import check_exact_leakage
from controller.data.checks.near import check_near_twins
from controller.data.checks.repetition import check_exact_duplicates, check_normalised_duplicates
from controller.data.checks.unusable import check_empty_rows, check_garbled_rows
from controller.data.findings import refuse_failures
from controller.data.folding import folded
from controller.data.rows import Row
from controller.errors import DataError
from specs.names import label_set
from tests.unit.controller.data.builders import inspection, rows

CLEAN = rows(("where is my card", "card"), ("give my money back", "refund"))
HELD = rows(("the card never came", "card"), ("please return what I paid", "refund"))
FILES = {"train": "data/train.csv", "test": "data/test.csv"}


def numbers(found, split):
    return [row.number for row in found.rows[split]]


def test_clean_rows_give_no_finding_and_stay():
    found = inspection(CLEAN, HELD)

    for check in CHECKS.values():
        check(found)

    assert [finding.action for finding in found.findings] == ["skipped"]
    assert "2 training rows are too few, 100 are needed" in found.findings[0].message
    assert found.rows == {"train": CLEAN, "test": HELD}


def test_empty_rows_are_dropped_and_counted():
    found = inspection(rows(("a", "x"), ("  ", "x"), ("b", "")), HELD)

    check_empty_rows(found)

    [finding] = found.findings
    assert numbers(found, "train") == [1]
    assert (finding.count, finding.rows) == (2, (2, 3))
    assert [shown["empty"] for shown in finding.examples] == ["text", "target"]


def test_a_row_without_a_label_cannot_only_be_reported():
    found = inspection(rows(("a", "x"), ("b", "")), HELD, empty_rows="report")

    check_empty_rows(found)

    assert found.findings[0].action == "fail"


def test_quarantined_rows_are_taken_out_and_kept_in_the_report():
    found = inspection(rows(("a", "x"), ("a ", "x")), HELD, exact_duplicates="quarantine")

    check_exact_duplicates(found)

    assert numbers(found, "train") == [1]
    assert found.quarantined == [
        {"row": 2, "text": "a ", "target": "x", "split": "train", "check": "exact_duplicates"}
    ]


def test_a_duplicate_has_the_same_text_and_label_but_for_white_space():
    found = inspection(rows(("a b", "x"), ("a  b", "x"), ("a b", "y"), ("A b", "x")), HELD)

    check_exact_duplicates(found)

    assert numbers(found, "train") == [1, 3, 4]
    assert found.findings[0].examples[0]["same_as"] == 1


def test_case_punctuation_and_width_make_no_other_row_unless_the_label_differs():
    train = rows(("Where's it?", "x"), ("where s it", "x"), ("WHERE'S IT!", "y"), ("where", "x"))
    found = inspection(train, HELD)

    check_normalised_duplicates(found)

    assert numbers(found, "train") == [1, 3, 4]
    assert found.findings[0].examples[0] | {"same_as": 1} == found.findings[0].examples[0]


def test_answers_that_differ_in_one_sign_are_two_answers():
    train = rows(("add it", "a + b"), ("Add it!", "a - b"), ("add it.", "a + b"))
    found = inspection(train, HELD, task="causal-lm")

    check_normalised_duplicates(found)

    assert numbers(found, "train") == [1, 2]


@pytest.mark.parametrize(
    ("action", "left"), [("report", [1, 2, 3]), ("drop", [1]), ("quarantine", [1])]
)
def test_garbled_rows_are_named_by_what_is_wrong_with_them(action, left):
    train = rows(("my card", "x"), ("it\u00e2\u20ac\u2122s late", "x"), ("????", "y"))
    found = inspection(train, HELD, garbled_rows=action)

    check_garbled_rows(found)

    assert numbers(found, "train") == left
    assert [shown["garbled"] for shown in found.findings[0].examples] == ["mojibake", "letters"]


def test_code_is_not_garbled_and_a_broken_answer_is():
    train = rows(("{[(<=>)]};", "&&||!="), ("how?", "it isn\ufffdt"))
    found = inspection(train, HELD, task="causal-lm")

    check_garbled_rows(found)

    assert found.findings[0].rows == (2,)


def test_imbalance_is_measured_and_told_beyond_what_is_declared():
    train = rows(*((f"text {number}", "x") for number in range(30)), ("other", "y"))
    found, strict = (inspection(train, HELD, max_imbalance=limit) for limit in (30, 29))

    check_imbalance(found)
    check_imbalance(strict)

    assert found.findings == []
    assert found.facts["imbalance"]["ratio"] == 30
    assert 1.0 < found.facts["imbalance"]["effective_labels"] < 1.2
    [finding] = strict.findings
    assert "'x' has 30 times the rows of 'y'" in finding.message


def test_rare_labels_can_be_dropped_and_are_then_no_emptied_labels():
    found = inspection(
        [*CLEAN, Row(3, "lend me", "loan", {}), Row(4, "where is it", "card", {})],
        HELD,
        min_rows_per_label=2,
        rare_labels="drop",
    )

    check_rows_per_label(found)

    assert numbers(found, "train") == [1, 4]
    assert [finding.check for finding in found.findings] == ["rare_labels", "labels"]


TEXTS = st.sampled_from(["a card", "A card!", "a  card", "my card", "x", "", "????", "its\ufffd"])
PAIRS = st.lists(st.tuples(TEXTS, st.sampled_from(["x", "y", ""])), min_size=1, max_size=8)
DROPPING = {"garbled_rows": "drop", "label_conflicts": "drop", "exact_leakage": "drop"}
TAKE_OUT = (
    check_empty_rows,
    check_garbled_rows,
    check_label_conflicts,
    check_exact_duplicates,
    check_normalised_duplicates,
    check_exact_leakage,
)


def taken_out(train, test):
    found = inspection(train, test, **DROPPING)
    for check in TAKE_OUT:
        check(found)
    return found


@settings(max_examples=40)
@given(train=PAIRS, test=PAIRS)
def test_what_is_dropped_is_dropped_once(train, test):
    first = taken_out(rows(*train), rows(*test))
    again = taken_out(list(first.rows["train"]), list(first.rows["test"]))

    assert again.findings == []
    assert again.rows == first.rows


@settings(max_examples=40)
@given(train=PAIRS, test=PAIRS, order=st.randoms(use_true_random=False))
def test_the_same_contents_are_left_in_any_order_of_the_rows(train, test, order):
    mixed = order.sample(train, len(train))

    left, other = taken_out(rows(*train), rows(*test)), taken_out(rows(*mixed), rows(*test))

    assert contents(left.rows["train"]) == contents(other.rows["train"])
    assert contents(left.rows["test"]) == contents(other.rows["test"])


def test_a_test_row_is_known_also_where_its_twin_in_other_case_was_kept():
    left = taken_out(
        rows(("A card!", "y"), ("a card", "y")), rows(("a card", "x"), ("my money", "x"))
    )

    assert [row.text for row in left.rows["train"]] == ["A card!"]
    assert [row.text for row in left.rows["test"]] == ["my money"]


def contents(some):
    """Of duplicates the first row stays, so rows are the same but for case and punctuation."""
    return sorted((folded(row.text), row.target) for row in some)


def test_reported_rows_stay():
    found = inspection(rows(("a", "x"), ("a", "x")), HELD, exact_duplicates="report")

    check_exact_duplicates(found)

    assert numbers(found, "train") == [1, 2]
    assert found.findings[0].message == "exact duplicates: 1 (row 2)"


def test_one_text_with_two_labels_is_reported():
    found = inspection(rows(("Hi!", "x"), ("b", "x"), ("hi", "y")), HELD)

    check_label_conflicts(found)

    [finding] = found.findings
    assert finding.rows == (1, 3)
    assert finding.examples[0]["labels"] == {"x": 1, "y": 1}


def test_leaked_rows_are_dropped_from_the_test_side():
    found = inspection(CLEAN, [*HELD, *rows(("where is  my card", "card"))])

    check_exact_leakage(found)

    assert found.rows["train"] == CLEAN
    assert found.rows["test"] == HELD


def test_a_row_of_a_validation_file_is_no_training_row_and_a_test_row_neither():
    validation = rows(("where is my card", "card"), ("send it back", "refund"))
    test = [*HELD, Row(3, "send it  back", "card", {})]
    found = inspection(CLEAN, test, validation=validation)

    check_exact_leakage(found)

    first, second = found.findings
    assert (first.split, first.rows, first.examples[0]["same_as"]) == ("validation", (1,), 1)
    assert (second.split, second.rows) == ("test", (3,))
    assert second.examples[0] | {"of": "validation", "their_target": "refund"} == second.examples[0]
    assert (numbers(found, "validation"), numbers(found, "test")) == ([2], [1, 2])


def test_near_leaks_stay_and_are_marked_for_gates():
    test = rows(("the card never came", "card"), ("Where is my cards?", "card"))
    found = inspection(CLEAN, test)

    check_near_twins(found)

    assert found.near_leaks == {2}
    assert found.rows["test"] == test
    assert found.findings[0].examples[0]["near_text"] == "where is my card"


@pytest.mark.parametrize(("action", "marked"), [("report", {1}), ("fail", set())])
def test_near_leaks_are_marked_also_where_gates_judge_them(action, marked):
    found = inspection(CLEAN, rows(("Where is my cards?", "card")), near_leakage=action)

    check_near_twins(found)

    assert found.near_leaks == marked
    assert found.findings[0].action == action


def test_near_duplicates_are_never_dropped():
    found = inspection(rows(("where is my card", "x"), ("where is my cards", "x")), HELD)

    check_near_twins(found)

    assert numbers(found, "train") == [1, 2]
    assert found.findings[0].rows == (2,)


def test_rare_labels_fail_with_their_counts():
    found = inspection(CLEAN, HELD, min_rows_per_label=5)

    check_rows_per_label(found)

    [finding] = found.findings
    assert finding.action == "fail"
    assert finding.message == "2 labels have fewer than 5 rows: card (1), refund (1)"


def test_a_single_label_is_nothing_to_learn():
    found = inspection(rows(("a", "x"), ("b", "x")), HELD)

    check_rows_per_label(found)

    assert "nothing to learn" in found.findings[0].message


@pytest.mark.parametrize(("action", "left"), [(None, 3), ("drop", 2)], ids=["reported", "dropped"])
def test_held_out_labels_that_training_never_sees_are_named_with_their_rows(action, left):
    checks = {} if action is None else {"unseen_labels": action}
    held = rows(("the card never came", "card"), ("return what I paid", "refund"), ("a", "loan"))
    found = inspection(CLEAN, held, **checks)

    check_unseen_labels(found)

    [finding] = found.findings
    assert (finding.action, finding.rows, len(found.rows["test"])) == (
        action or "report",
        (3,),
        left,
    )
    assert "labels that no training row has (loan), rows: 1" in finding.message


def test_a_label_whose_rows_were_all_dropped_has_its_own_reason():
    train = [*CLEAN, *rows(("  ", "loan"), ("lend me some", "card"))]
    found = inspection(train, HELD)
    check_empty_rows(found)
    check_rows_per_label(found)

    with pytest.raises(DataError, match=r"no row left .*: loan \(1 read\)") as refused:
        refuse_failures(found.findings, FILES)

    assert refused.value.reason == "LabelEmpty"


def test_in_multi_label_a_row_without_labels_is_an_answer_and_labels_count_one_by_one():
    def row(number, text, *labels):
        return Row(number, text, label_set(labels), {}, labels=labels)

    train = [row(1, "my card", "card"), row(2, "hello"), row(3, "card refund", "card", "refund")]
    test = [row(1, "a loan for my card", "card", "loan"), row(2, "hello", "card")]
    found = inspection(train, test, min_rows_per_label=2)

    for check in CHECKS.values():
        check(found)

    said = {finding.check: finding for finding in found.findings}
    assert set(said) == {"exact_leakage", "rare_labels", "unseen_labels", "label_issues"}
    assert "many labels each" in said["label_issues"].message
    assert said["rare_labels"].counts == {"refund": 1}
    assert said["unseen_labels"].examples[0]["unseen"] == ["loan"]


def test_generation_has_no_labels_to_check():
    train = rows(("p", "one"), ("p", "two"))
    found = inspection(train, rows(("q", "three")), task="causal-lm", min_rows_per_label=5)

    for check in (check_label_conflicts, check_rows_per_label, check_unseen_labels):
        check(found)

    assert found.findings == []


def test_all_failures_stand_in_one_error():
    held = rows(("a", "loan"))
    found = inspection(CLEAN, held, min_rows_per_label=5, unseen_labels="fail")
    check_rows_per_label(found)
    check_unseen_labels(found)

    with pytest.raises(DataError) as refused:
        refuse_failures(found.findings, FILES)

    assert refused.value.reason == "ChecksFailed"
    assert "data/train.csv: 2 labels" in str(refused.value)
    assert "data/test.csv: labels that no training row has (loan)" in str(refused.value)
