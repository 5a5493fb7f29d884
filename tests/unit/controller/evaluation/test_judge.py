"""A judge of answers, asked over HTTP: a real endpoint in a process of its own."""

import pytest

from controller.errors import EvaluationError, JudgeAbsentError
from controller.evaluation.judge import Question, check_prompt, score_in

ROWS = [Question("where?", f"here {n} {'right' * (n == 0)}", "{{answer}}") for n in range(6)]


def tell_nobody(_done, _all):
    pass


def test_every_answer_gets_its_score_and_is_never_asked_about_again(endpoint, tmp_path):
    scores = tmp_path / "kept" / "scores.jsonl"
    with endpoint.open(scores=scores) as judge:
        found = judge.score([*ROWS, ROWS[0]], tell_nobody)
    with endpoint.open(scores=scores) as judge:
        again = judge.score(ROWS, tell_nobody)

    assert found == [1.0, 0.5, 0.5, 0.5, 0.5, 0.5, 1.0]
    assert again == found[:6]
    assert len(endpoint.asked()) == 6


def test_an_answer_cannot_ask_for_what_was_wanted(endpoint):
    with endpoint.open() as judge:
        judge.score([Question("where?", "{{wanted}}", "a secret")], tell_nobody)

    [asked] = endpoint.asked()
    assert "Wanted: a secret Said: {{wanted}}." in asked


@pytest.mark.parametrize(("model", "expected"), [("wordy", 0.75), ("json", 0.25), ("busy", 0.5)])
def test_a_judge_that_is_busy_or_wordy_is_asked_again(endpoint, model, expected):
    with endpoint.open(model) as judge:
        judge._pause = lambda _seconds: None
        assert judge.score([Question("a", "b", "c")], tell_nobody) == [expected]


@pytest.mark.parametrize(
    ("model", "reason", "told"),
    [
        ("vague", "JudgeUnclear", "gave no score from 0 to 1 but 'Looks good to me!'"),
        ("absent", "JudgeRefuses", "HTTP 404"),
        ("locked", "JudgeRefuses", "HTTP 401"),
        ("odd", "JudgeRefuses", "no OpenAI-compatible endpoint"),
    ],
)
def test_a_judge_that_is_no_judge_is_named_by_the_probe(endpoint, model, reason, told):
    with endpoint.open(model) as judge, pytest.raises(EvaluationError, match=told) as refused:
        judge.probe()

    assert (refused.value.reason, refused.value.is_transient) == (reason, False)
    assert refused.value.fix


def test_a_key_is_read_from_the_environment_and_its_absence_is_named(endpoint):
    with endpoint.open("locked", api_key_env="KEY", environment={"KEY": "secret"}) as judge:
        judge.probe()

    with (
        pytest.raises(EvaluationError, match="reads its key from KEY, which is not set"),
        endpoint.open("locked", api_key_env="KEY"),
    ):
        pass


def test_a_judge_that_does_not_answer_is_tried_again_later(endpoint, tmp_path):
    kept = tmp_path / "scores.jsonl"
    with endpoint.open(scores=kept) as judge:
        judge.score(ROWS[:2], tell_nobody)
    with (
        endpoint.open("slow", retries=0, timeout_seconds=0.2) as judge,
        pytest.raises(JudgeAbsentError, match="timed out") as absent,
    ):
        judge.probe()

    assert absent.value.is_transient
    assert len(kept.read_text().splitlines()) == 2


@pytest.mark.parametrize(
    "said", ["0.5 of 1", "", "1.5", "-0.1", "true", "NaN", '{"score": "1"}', "[1]"]
)
def test_no_score_is_guessed(said):
    assert score_in(said) is None


def test_a_prompt_that_does_not_show_the_answer_is_refused():
    with pytest.raises(EvaluationError, match=r"judges/helpful.md does not show the judge"):
        check_prompt(b"How good is {{prompt}}?", "judges/helpful.md")
