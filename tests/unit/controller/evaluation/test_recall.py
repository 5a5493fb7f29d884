"""Answers that are kept."""

import pytest

from controller.evaluation.recall import Recall


@pytest.fixture
def asked():
    return []


def lengths(asked, **limits):
    def answer(texts, tell):
        tell(len(texts), len(texts))
        asked.extend(texts)
        return [len(text) for text in texts]

    return Recall(answer, **limits)


def quiet(_step, _steps):
    pass


def test_nothing_is_asked_twice(asked):
    recall = lengths(asked)

    first = recall.answers({"a": "a", "bb": "bb"}, quiet)
    second = recall.answers({"bb": "bb", "ccc": "ccc"}, quiet)

    assert (first, second) == ({"a": 1, "bb": 2}, {"bb": 2, "ccc": 3})
    assert asked == ["a", "bb", "ccc"]
    assert recall.asked == 3


def test_more_answers_than_are_kept_are_still_right(asked):
    recall = lengths(asked, at_most=1)

    recall.answers({"a": "a", "bb": "bb"}, quiet)

    assert recall.answers({"bb": "bb", "a": "a"}, quiet) == {"bb": 2, "a": 1}
    assert asked == ["a", "bb", "bb"]
