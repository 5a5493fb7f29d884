from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from registry.serving.rollout import (
    LONGEST_PAUSE_SECONDS,
    Decision,
    Failed,
    Held,
    Wanted,
    decide,
    failed_again,
    is_settled,
)

VERSION = st.integers(1, 4)
WANTED = st.builds(Wanted, live=st.none() | VERSION, previous=st.none() | VERSION)


@st.composite
def held(draw) -> Held:
    warm = draw(st.frozensets(VERSION))
    return Held(
        answering=draw(st.sampled_from(sorted(warm))) if warm and draw(st.booleans()) else None,
        warm=warm,
        loading=draw(st.frozensets(VERSION)) - warm,
        failed=draw(
            st.dictionaries(VERSION, st.builds(Failed, st.just(1), st.just("no"), st.just(5.0)))
        ),
    )


def carried_out(before: Held, decision: Decision) -> Held:
    """What is held when every load of a decision has succeeded."""
    warm = (before.warm | before.loading | set(decision.load)) - decision.free
    return Held(decision.answering, warm, frozenset(), {})


@given(WANTED, held())
def test_what_answers_is_warm_and_never_freed(wanted, before):
    decision = decide(wanted, before, now=0)

    assert decision.answering is None or decision.answering in before.warm
    assert decision.answering not in decision.free


@given(WANTED, held())
def test_what_answered_goes_on_until_something_else_answers(wanted, before):
    decision = decide(wanted, before, now=0)

    if before.answering is not None and wanted.live is not None:
        assert decision.answering in {before.answering, wanted.live}


@given(WANTED, held())
def test_nothing_is_loaded_twice(wanted, before):
    decision = decide(wanted, before, now=0)

    assert not set(decision.load) & (before.warm | before.loading)
    assert len(set(decision.load)) == len(decision.load)


@given(WANTED, held())
def test_deciding_and_carrying_out_three_times_settles(wanted, before):
    now = before
    for _ in range(3):
        now = carried_out(now, decide(wanted, now, now=10))

    again = decide(wanted, now, now=10)

    assert again == Decision(wanted.live, (), frozenset())
    expected = {wanted.live, wanted.previous} - {None} if wanted.live else set()
    assert now.warm == expected


def test_a_warm_live_version_takes_over_at_once():
    decision = decide(Wanted(live=1, previous=2), Held(2, frozenset({1, 2})), now=0)

    assert decision == Decision(answering=1, load=(), free=frozenset())


def test_a_cold_live_version_is_loaded_while_the_old_one_answers():
    decision = decide(Wanted(live=2, previous=1), Held(1, frozenset({1})), now=0)

    assert decision == Decision(answering=1, load=(2,), free=frozenset())


def test_the_previous_version_is_loaded_only_after_the_live_one():
    cold = decide(Wanted(live=2, previous=1), Held(), now=0)
    warm = decide(Wanted(live=2, previous=1), Held(2, frozenset({2})), now=0)

    assert cold.load == (2,)
    assert warm.load == (1,)


def test_older_versions_are_freed():
    decision = decide(Wanted(live=3, previous=2), Held(3, frozenset({1, 2, 3})), now=0)

    assert decision.free == {1}


def test_a_version_that_failed_is_tried_again_only_after_its_pause():
    failed = Held(failed={2: Failed(1, "no", retry_at=5)})

    assert decide(Wanted(live=2), failed, now=4).load == ()
    assert decide(Wanted(live=2), failed, now=5).load == (2,)


def test_pauses_double_up_to_a_minute():
    failure = None
    pauses = []
    for _ in range(8):
        failure = failed_again(failure, "no", now=0)
        pauses.append(failure.retry_at)

    assert pauses == [1, 2, 4, 8, 16, 32, LONGEST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS]


def test_readiness_waits_for_a_first_load_and_not_for_one_that_failed():
    loading = Held(loading=frozenset({1}))

    assert not is_settled(Wanted(live=1), loading)
    assert is_settled(Wanted(live=1), replace(loading, failed={1: Failed(1, "no", 1)}))
    assert is_settled(Wanted(live=1), replace(loading, answering=2))
    assert is_settled(Wanted(), Held())
