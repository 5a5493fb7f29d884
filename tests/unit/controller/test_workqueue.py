"""The work queue: each name once, one pass at a time, back-off that resets."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from controller.workqueue import LONGEST_BACKOFF, SHORTEST_BACKOFF, WorkQueue, backoff


class Clock:
    """Time that moves when it is told to."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_name_asked_for_twice_is_handed_out_once():
    queue = WorkQueue(clock=Clock())
    queue.add("a", trigger="commit")
    queue.add("a", trigger="resync")

    taken = queue.take()

    assert taken == ("a", "commit")
    assert len(queue) == 0


def test_a_name_asked_for_during_its_pass_is_handed_out_after_it():
    queue = WorkQueue(clock=Clock())
    queue.add("a", trigger="commit")
    queue.take()
    queue.add("a", trigger="rollback")
    queue.add("b", trigger="commit")

    during = queue.take()
    queue.done("a")
    after = queue.take()

    assert during == ("b", "commit")
    assert after == ("a", "rollback")


def test_a_delayed_name_waits_until_it_is_due():
    clock = Clock()
    queue = WorkQueue(clock=clock)
    queue.add("later", trigger="resync", after=timedelta(seconds=60))
    queue.add("now", trigger="commit")

    first = queue.take()
    clock.now = 61.0
    second = queue.take()

    assert (first, second) == (("now", "commit"), ("later", "resync"))


def test_a_sooner_ask_overtakes_a_delayed_one():
    queue = WorkQueue(clock=Clock())
    queue.add("a", trigger="resync", after=timedelta(seconds=60))
    queue.add("a", trigger="rollback")

    assert queue.take() == ("a", "rollback")
    assert len(queue) == 0


def test_a_closed_queue_hands_out_nothing():
    queue = WorkQueue(clock=Clock())
    queue.add("a", trigger="commit")

    queue.close()

    assert queue.take() is None


def test_forgiving_starts_the_back_off_again():
    queue = WorkQueue(clock=Clock())
    pauses = [queue.retry("a", trigger="commit") for _ in range(4)]

    queue.forgive("a")

    assert pauses[3] > pauses[0] * 4
    assert queue.retry("a", trigger="commit") < SHORTEST_BACKOFF * 2


@given(st.integers(min_value=1, max_value=10_000))
def test_the_back_off_grows_and_is_capped(failures):
    assert SHORTEST_BACKOFF <= backoff(failures) <= backoff(failures + 1) <= LONGEST_BACKOFF
