import threading
import time
from datetime import UTC, datetime

import pytest

from registry.serving import capture as module
from registry.serving.capture import Capture, is_sampled
from registry.traffic_records import Observation


class Shelf:
    """Keeps what is written. ``failures`` writes fail first; a closed ``gate`` makes it slow."""

    def __init__(self) -> None:
        self.batches: list[list[Observation]] = []
        self.failures = 0
        self.gate = threading.Event()
        self.gate.set()
        self.dropped: dict[str, int] = {}

    def write(self, observations) -> None:
        self.gate.wait(5)
        if self.failures:
            self.failures -= 1
            raise OSError("the database is away")
        self.batches.append(list(observations))

    def count_dropped(self, model: str, count: int) -> None:
        self.dropped[model] = self.dropped.get(model, 0) + count

    @property
    def ids(self) -> list[str]:
        return [one.request_id for batch in self.batches for one in batch]


@pytest.fixture
def shelf():
    return Shelf()


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    monkeypatch.setattr(module, "INTERVAL_SECONDS", 0.01)


def observations(*ids: str, model: str = "intents") -> list[Observation]:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    return [
        Observation(
            request_id=one,
            model=model,
            version=1,
            at=now,
            text="hello",
            label="greeting",
            score=0.9,
            slices={},
            latency_seconds=0.01,
        )
        for one in ids
    ]


def started(shelf, **options):
    capture = Capture(shelf.write, shelf.count_dropped, **options)
    capture.start()
    return capture


def test_what_is_offered_is_written_in_order_at_the_latest_when_stopping(shelf):
    capture = started(shelf)

    for index in range(50):
        capture.offer(observations(str(index)))
    capture.stop(5)

    assert shelf.ids == [str(index) for index in range(50)]
    assert shelf.dropped == {}


def test_offering_never_waits_for_a_slow_database(shelf):
    shelf.gate.clear()
    capture = started(shelf)
    began = time.monotonic()

    for index in range(1000):
        capture.offer(observations(str(index)))
    took = time.monotonic() - began
    shelf.gate.set()
    capture.stop(5)

    assert took < 0.5
    assert len(shelf.ids) == 1000


def test_what_does_not_fit_is_dropped_and_counted(shelf):
    capture = Capture(shelf.write, shelf.count_dropped, capacity=3)

    capture.offer(observations("1", "2", model="mail"))
    capture.offer(observations("3", "4", "5"))
    capture.start()
    capture.stop(5)

    assert shelf.ids == ["1", "2", "3"]
    assert shelf.dropped == {"intents": 2}


def test_a_write_that_fails_is_tried_again(shelf):
    shelf.failures = 2
    capture = started(shelf)

    capture.offer(observations("1"))
    end = time.monotonic() + 5
    while not shelf.batches and time.monotonic() < end:
        time.sleep(0.01)
    capture.stop(5)

    assert shelf.ids == ["1"]
    assert shelf.dropped == {}


def test_a_batch_that_can_never_be_written_is_given_up_and_counted(shelf, monkeypatch):
    monkeypatch.setattr(module, "ATTEMPTS", 3)
    shelf.failures = 3
    capture = started(shelf)

    capture.offer(observations("1"))
    end = time.monotonic() + 5
    while not shelf.dropped and time.monotonic() < end:
        time.sleep(0.01)
    capture.offer(observations("2"))
    capture.stop(5)

    assert shelf.dropped == {"intents": 1}
    assert shelf.ids == ["2"]


def test_stopping_counts_what_cannot_be_written(shelf):
    shelf.failures = 1000
    capture = Capture(shelf.write, shelf.count_dropped)
    capture.offer(observations("1", "2"))

    capture.start()
    capture.stop(5)

    assert shelf.dropped == {"intents": 2}


def test_the_sampled_share_is_about_what_was_asked_for():
    sampled = sum(is_sampled(f"request-{index}", 0.2) for index in range(10_000))

    assert 1_800 < sampled < 2_200


def test_sampling_takes_all_or_nothing_at_the_ends():
    ids = [f"request-{index}" for index in range(1000)]

    assert all(is_sampled(one, 1.0) for one in ids)
    assert not any(is_sampled(one, 0.0) for one in ids)
