import pytest

from registry.serving.errors import NoLiveVersionError, UnknownModelError, UnknownVersionError
from registry.serving.router import Entry, Served, route

ONE = Served("intents", 1, loaded=None)
TWO = Served("intents", 2, loaded=None)
TABLE = {
    "intents": Entry("intents", live=TWO, warm=(ONE, TWO)),
    "mail": Entry("mail", waiting_for="training run r-1"),
}


def test_the_live_version_answers():
    assert route(TABLE, "intents") is TWO


def test_a_loaded_version_answers_when_it_is_asked_for_by_number():
    assert route(TABLE, "intents", "1") is ONE


def test_a_version_that_is_not_loaded_is_refused_with_those_that_are():
    with pytest.raises(UnknownVersionError, match="version 3 of intents") as caught:
        route(TABLE, "intents", "3")

    assert "loaded: 1, 2" in caught.value.fix


def test_a_model_without_a_live_version_says_what_it_waits_for():
    with pytest.raises(NoLiveVersionError, match="training run r-1"):
        route(TABLE, "mail")


def test_an_unknown_model_is_refused_with_the_nearest_names():
    with pytest.raises(UnknownModelError) as caught:
        route(TABLE, "intent")

    assert caught.value.fix == "ask for one of: intents"


def test_an_unknown_model_of_an_empty_table_is_told_to_commit_a_spec():
    with pytest.raises(UnknownModelError) as caught:
        route({}, "intents")

    assert "commit a spec" in caught.value.fix
