"""From records to rows: columns, slices and conversations."""

import pytest

from controller.data.rows import Reading, Row
from controller.data.tables import NumberedRecord
from controller.errors import DataError
from specs.data import Data


def reading(task="text-classification", columns=None, slices=None) -> Reading:
    content = {"train": "a.csv", "test": "b.csv", "columns": columns or {}, "slices": slices or {}}
    return Reading.of(Data.model_validate(content), task)


def record(**values) -> NumberedRecord:
    return NumberedRecord(7, 8, values)


def test_the_declared_columns_become_text_and_target():
    read = reading(columns={"text": "body", "label": "intent"})

    [row] = read.rows_of([record(body="hello", intent="greet")], "a.csv")

    assert row == Row(7, "hello", "greet", {}, line=8)
    assert read.needed == ("body", "intent")


def test_slices_are_columns_or_rules_over_the_text():
    read = reading(columns={"text": "body"}, slices={"channel": "via", "short": "len(text) < 6"})

    [row] = read.rows_of([record(body="hello", label="x", via="web")], "a.csv")

    assert row.slices == {"channel": "web", "short": "true"}
    assert read.needed == ("body", "label", "via")


@pytest.mark.parametrize(
    ("value", "text"), [(1, "1"), (1.0, "1"), (0.5, "0.5"), (True, "true"), (None, ""), ("x", "x")]
)
def test_other_values_are_written_as_text(value, text):
    [row] = reading().rows_of([record(text="a", label=value)], "a.jsonl")

    assert row.target == text


def test_a_field_that_is_no_text_is_named():
    with pytest.raises(DataError, match=r"a\.jsonl:8: row 7: 'text' holds list"):
        reading().rows_of([record(text=["a"], label="x")], "a.jsonl")


TAGS = {"text": "text", "labels": "tags"}


@pytest.mark.parametrize(
    ("value", "labels"),
    [
        (["refund", "card"], ("card", "refund")),
        ("refund | card|", ("card", "refund")),
        ([1, 1.0, "2"], ("1", "2")),
        ("", ()),
        (None, ()),
    ],
    ids=["a list", "text with the separator", "numbers", "empty text", "nothing"],
)
def test_a_row_can_carry_a_set_of_labels(value, labels):
    [row] = reading(columns=TAGS).rows_of([record(text="a", tags=value)], "a.jsonl")

    assert row.labels == labels


def test_the_separator_is_declared():
    [row] = reading(columns=TAGS | {"label_separator": ";"}).rows_of(
        [record(text="a", tags="b|c;d")], "a.csv"
    )

    assert (row.labels, row.target) == (("b|c", "d"), "b|c, d")


@pytest.mark.parametrize("value", ["['a', 'b']", [["a"]]], ids=["a list as text", "a nested list"])
def test_labels_that_are_neither_are_refused_with_the_row(value):
    with pytest.raises(DataError, match=r"a\.csv:8: row 7: 'tags'"):
        reading(columns=TAGS).rows_of([record(text="a", tags=value)], "a.csv")


CHAT = reading("causal-lm", columns={"messages": "messages"})
TURNS = [
    {"role": "system", "content": "be kind"},
    {"role": "user", "content": "hi"},
    {"role": "assistant", "content": "hello"},
]


def test_a_single_question_is_the_prompt_itself():
    [row] = CHAT.rows_of([record(messages=TURNS[1:])], "a.jsonl")

    assert (row.text, row.target) == ("hi", "hello")


def test_a_conversation_is_kept_whole():
    turns = [
        *TURNS,
        {"role": "user", "content": "bye"},
        {"role": "assistant", "content": "so long"},
    ]

    [row] = CHAT.rows_of([record(messages=turns)], "a.jsonl")

    assert list(row.messages) == turns
    assert row.target == "so long"


def test_a_longer_conversation_is_written_out():
    [row] = CHAT.rows_of([record(messages=TURNS)], "a.jsonl")

    assert (row.text, row.target) == ("system: be kind\nuser: hi", "hello")


@pytest.mark.parametrize(
    ("messages", "problem"),
    [
        pytest.param(TURNS[:2], "end with an answer", id="no answer"),
        pytest.param(TURNS[2:], "end with an answer", id="no question"),
        pytest.param("{", "not JSON", id="broken JSON in a column of text"),
        pytest.param([{"role": "user"}], "list of role and content", id="no content"),
        pytest.param({"role": "user"}, "list of role and content", id="no list"),
        pytest.param(
            [{"role": "human", "content": "hi"}, TURNS[2]],
            r"a.jsonl:8: row 7: turn 1 has the unknown role 'human'; the roles are system, user",
            id="a role that nobody knows",
        ),
        pytest.param(
            [TURNS[1], {"role": "assistant", "content": " "}],
            "row 7: turn 2, of the assistant, is empty",
            id="an empty answer",
        ),
    ],
)
def test_a_conversation_that_cannot_be_learned_is_named(messages, problem):
    with pytest.raises(DataError, match=problem):
        CHAT.rows_of([record(messages=messages)], "a.jsonl")


def test_prompt_and_completion_are_two_columns():
    read = reading("causal-lm", columns={"prompt": "q", "completion": "a"})

    [row] = read.rows_of([record(q="2+2?", a="4")], "a.jsonl")

    assert (row.text, row.target) == ("2+2?", "4")
