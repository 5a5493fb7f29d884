"""Checks of single rows: private data, lengths in tokens, conversations; and of mixes."""

import pytest

from controller.data.checks.curve import check_learning_curve
from controller.data.checks.generation import (
    check_empty_answers,
    check_repeated_answers,
    check_role_order,
    check_unfinished_answers,
)
from controller.data.checks.lengths import check_lengths
from controller.data.checks.mixes import check_split_shift
from controller.data.checks.private import check_personal_data, check_secrets
from controller.data.rows import Row
from tests.unit.controller.data.builders import inspection, rows

HELD = rows(("what is this", "x"))
MAIL = rows(("I am ann@mail.example.org", "x"), ("b", "y"), ("call +49 30 1234567", "y"))


def test_personal_data_is_counted_by_kind_and_row():
    found = inspection(MAIL, HELD)

    check_personal_data(found)

    [finding] = found.findings
    assert (finding.rows, finding.counts) == ((1, 3), {"email": 1, "phone": 1})
    assert "ann" not in finding.message
    assert len(found.rows["train"]) == 3


def test_rows_with_personal_data_are_taken_out_where_the_spec_says_so():
    found = inspection(MAIL, HELD, personal_data="quarantine")

    check_personal_data(found)

    assert [row.number for row in found.rows["train"]] == [2]
    assert [row["row"] for row in found.quarantined] == [1, 3]


def test_answers_are_searched_for_secrets_as_well():
    train = rows(("how do I log in", "with password = Xk9fQ2mZ7pLw"), ("b", "c"))
    found = inspection(train, HELD, task="causal-lm", secrets="fail")

    check_secrets(found)

    [finding] = found.findings
    assert (finding.action, finding.rows, finding.counts) == ("fail", (1,), {"assigned_secret": 1})


def lengthy(*words):
    return rows(*((" ".join(["w"] * n), "x") for n in words))


def test_rows_that_max_length_cuts_are_told_in_tokens():
    found = inspection(lengthy(*[9, 10, 11, 12] * 10, 80), HELD)

    check_lengths(found)

    by_check = {finding.check: finding for finding in found.findings}
    assert by_check["truncation"].rows == (41,)
    assert by_check["truncation"].examples[0]["tokens"] == 80
    assert "tokens of org/base" in by_check["truncation"].message
    assert found.facts["truncation"]["splits"]["train"] == {
        "rows": 41,
        "cut": 1,
        "lost_tokens": 16,
    }


def test_a_row_that_was_taken_out_for_its_length_is_not_cut_as_well():
    found = inspection(lengthy(*[9, 10, 11, 12] * 10, 80, 70), HELD, length_outliers="drop")

    check_lengths(found)

    by_split = {(one.check, one.split): one.rows for one in found.findings}
    assert by_split == {("length_outliers", "train"): (41, 42), ("length_outliers", "test"): (1,)}
    assert len(found.rows["train"]) == 40


def test_without_the_base_it_is_said_that_tokens_were_not_counted():
    found = inspection(lengthy(3, 4), HELD)
    found.reader, found.why_unread = None, "the base is not here"

    check_lengths(found)

    assert {(one.check, one.action) for one in found.findings} == {
        ("length_outliers", "skipped"),
        ("truncation", "skipped"),
    }
    assert "the base is not here" in found.findings[0].message


def talk(number, *turns):
    messages = tuple({"role": role, "content": content} for role, content in turns)
    return Row(number, turns[0][1], turns[-1][1], {}, messages)


def test_conversations_and_answers_are_looked_through():
    good = [
        talk(n, ("user", f"question {n}"), ("assistant", f"This is the answer number {n}."))
        for n in range(1, 31)
    ]
    twice = talk(31, ("user", "a"), ("user", "b"), ("assistant", "Yes, that is right."))
    nothing = talk(32, ("user", "a"), ("assistant", "TODO"))
    open_end = talk(33, ("user", "a"), ("assistant", "First you have to open the"))
    found = inspection([*good, twice, nothing, open_end], good[:1], task="causal-lm")

    for check in (check_role_order, check_empty_answers, check_unfinished_answers):
        check(found)

    assert {one.check: one.rows for one in found.findings} == {
        "role_order": (31,),
        "empty_answers": (32,),
        "unfinished_answers": (33,),
    }


def test_an_answer_given_to_everything_is_named():
    train = rows(
        *((f"question {n}", f"answer {n}") for n in range(30)),
        *((f"other {n}", "I do not know.") for n in range(8)),
    )
    found = inspection(train, HELD, task="causal-lm", repeated_answers="fail")

    check_repeated_answers(found)

    [finding] = found.findings
    assert (finding.action, finding.count) == ("fail", 8)
    assert finding.counts == {"I do not know.": 8}


def test_a_slice_of_another_mix_is_told_with_its_table():
    def at(number, channel):
        return Row(number, f"text {number}", "x", {"channel": channel})

    train = [at(n, "web" if n % 2 else "app") for n in range(400)]
    test = [at(n, "web" if n % 5 else "app") for n in range(100)]
    found = inspection(train, test)

    check_split_shift(found)

    [finding] = found.findings
    assert "channel is of another mix" in finding.message
    [table] = found.facts["split_shift"]
    assert table["shifted"]
    assert {one["value"]: one["held_out"] for one in table["values"]} == {"app": 20, "web": 80}


@pytest.mark.parametrize(("rate", "verdict"), [(0.9, "better"), (None, "more")])
def test_the_curve_weighs_the_rate_of_wrong_labels(rate, verdict):
    train = rows(*((f"word{n % 90} word{n % 7}", f"l{n % 90}") for n in range(300)))
    found = inspection(train, HELD, learning_curve="report")
    wrong = rate and {"value": rate, "low": rate - 0.1, "high": rate + 0.1}
    found.facts["label_issues"] = {"estimated_rate": wrong}

    check_learning_curve(found)

    assert found.facts["learning_curve"]["verdict"] == verdict
    assert found.findings == []
