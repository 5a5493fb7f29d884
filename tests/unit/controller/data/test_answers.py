"""What is wrong with conversations and written answers."""

import pytest

from controller.data.answers import loop_in, repeated, says_nothing, unfinished, wrong_order


def talk(*roles):
    return [{"role": role, "content": "x"} for role in roles]


@pytest.mark.parametrize(
    ("roles", "said"),
    [
        (("system", "user", "assistant"), None),
        (("user", "assistant", "user", "assistant"), None),
        ((), None),
        (("user", "user", "assistant"), "turns 1 and 2 are both of the user"),
        (("system", "assistant"), "turn 2, the first, is of the assistant: nothing was asked"),
        (("user", "system", "assistant"), "turn 2 is of the system, which only begins"),
    ],
)
def test_roles_take_turns(roles, said):
    assert wrong_order(talk(*roles)) == said


@pytest.mark.parametrize(("answer", "nothing"), [("...", True), ("TODO", True), ("N/A", True)])
def test_a_placeholder_says_nothing(answer, nothing):
    assert (says_nothing(answer) is not None) is nothing


def test_an_answer_says_something():
    assert says_nothing("No.") is None


def test_a_loop_is_the_same_sentence_in_a_row():
    assert loop_in("I can help. I can help. I can help! I can help.") == "i can help"
    assert loop_in("Yes. No. Yes. No. Yes. No. Yes. No.") is None


STOPS = [f"Your order number {n} is on its way to you." for n in range(20)]


def test_an_answer_without_a_stop_is_unfinished_where_the_others_have_one():
    found = unfinished([*STOPS, "Please go to the settings and then", "We will transfer you an"])

    assert found == {20: "ends without a stop", 21: "ends without a stop"}


def test_a_word_that_only_begins_others_was_cut():
    assert unfinished([*STOPS, "We have shipped the parcel and the ord"]) == {
        20: "ends within a word"
    }


@pytest.mark.parametrize(
    "answer", ["Ok", "See https://a.example/b", "Write to us: help@a.example", "That is (all)"]
)
def test_short_answers_links_and_brackets_are_ends(answer):
    assert unfinished([*STOPS, answer]) == {}


def test_where_no_answer_ends_with_a_stop_none_is_missed():
    assert unfinished([f"answer number {n} of many" for n in range(20)]) == {}


def test_answers_of_exactly_the_greatest_length_were_cut_there():
    cut = [f"{n} " + "word " * 19 + "wo" for n in range(3)]

    found = unfinished([*[f"short answer of {n}" for n in range(9)], *cut])

    assert found == dict.fromkeys(range(9, 12), "cut at the greatest length")


def test_one_answer_to_many_questions_is_repeated():
    answers = [f"Your parcel {n} is coming." for n in range(40)] + ["Sorry, no idea."] * 10
    prompts = [f"question {n}" for n in range(50)]

    assert repeated(answers, prompts) == {"sorry no idea": list(range(40, 50))}


def test_answers_of_a_closed_set_are_meant_to_come_again():
    assert repeated(["yes", "no"] * 50, [f"question {n}" for n in range(100)]) == {}
