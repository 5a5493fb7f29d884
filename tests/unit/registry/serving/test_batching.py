import threading
import time
from concurrent.futures import wait

import pytest

from registry.serving import batching
from registry.serving.batching import Batcher
from registry.serving.engine import Generated
from registry.serving.errors import AnswerFailedError, OverloadedError
from registry.serving.router import Served


class Recorder:
    """Answers each text with itself, and remembers every pass. ``gate`` holds passes back."""

    labels = ()

    def __init__(self) -> None:
        self.passes: list[list[str]] = []
        self.gate = threading.Event()
        self.gate.set()
        self.entered = threading.Event()

    def predict(self, texts):
        self.entered.set()
        self.gate.wait(5)
        self.passes.append(list(texts))
        if "poison" in texts:
            raise ValueError("this text breaks the version")
        return [Generated(text) for text in texts]


@pytest.fixture
def batcher():
    made = Batcher("intents", max_waiting_texts=100)
    yield made
    made.stop()


@pytest.fixture
def recorder():
    return Recorder()


@pytest.fixture
def served(recorder):
    return Served("intents", 1, recorder)


def hold_a_pass(batcher, served, recorder):
    """Begin a pass that does not end until the recorder's gate is opened."""
    recorder.gate.clear()
    recorder.entered.clear()
    future = batcher.submit(served, ["first"], max_batch_size=8)
    assert recorder.entered.wait(5)
    return future


def texts_of(future):
    return [prediction.text for prediction in future.result(5)]


def test_requests_that_wait_share_one_pass(batcher, served, recorder):
    first = hold_a_pass(batcher, served, recorder)
    others = [batcher.submit(served, [f"text {n}"], max_batch_size=8) for n in range(5)]

    recorder.gate.set()
    wait([first, *others], 5)

    assert recorder.passes == [["first"], [f"text {n}" for n in range(5)]]
    assert [texts_of(future) for future in others] == [[f"text {n}"] for n in range(5)]


def test_a_pass_holds_at_most_a_full_batch(batcher, served, recorder):
    texts = [str(n) for n in range(20)]

    answered = texts_of(batcher.submit(served, texts, max_batch_size=8))

    assert answered == texts
    assert [len(one) for one in recorder.passes] == [8, 8, 4]


def test_a_small_request_does_not_wait_for_all_of_a_large_one(batcher, served, recorder):
    first = hold_a_pass(batcher, served, recorder)
    large = batcher.submit(served, ["large"] * 40, max_batch_size=8)
    small = batcher.submit(served, ["small"], max_batch_size=8)

    recorder.gate.set()
    wait([first, large, small], 5)

    turn = next(n for n, one in enumerate(recorder.passes) if "small" in one)
    assert turn <= 2
    assert len(recorder.passes) >= 6


def test_a_request_is_answered_by_the_version_it_came_with(batcher, served, recorder):
    new = Recorder()
    first = hold_a_pass(batcher, served, recorder)
    old = batcher.submit(served, ["asked the old one"], max_batch_size=8)
    next_one = batcher.submit(Served("intents", 2, new), ["asked the new one"], max_batch_size=8)

    recorder.gate.set()
    wait([first, old, next_one], 5)

    assert recorder.passes[-1] == ["asked the old one"]
    assert new.passes == [["asked the new one"]]


def test_a_full_queue_refuses_and_says_when_to_come_back(batcher, served, recorder):
    first = hold_a_pass(batcher, served, recorder)
    waiting = batcher.submit(served, ["x"] * 100, max_batch_size=8)

    with pytest.raises(OverloadedError) as caught:
        batcher.submit(served, ["one more"], max_batch_size=8)
    recorder.gate.set()
    wait([first, waiting], 5)

    assert 1 <= caught.value.retry_after_seconds <= 30
    assert texts_of(batcher.submit(served, ["later"], max_batch_size=8)) == ["later"]


def test_the_queue_takes_as_much_again_after_requests_were_given_up(batcher, served, recorder):
    first = hold_a_pass(batcher, served, recorder)
    given_up = batcher.submit(served, ["x"] * 100, max_batch_size=8)
    assert given_up.cancel()

    recorder.gate.set()
    wait([first], 5)
    answered = texts_of(batcher.submit(served, ["y"] * 100, max_batch_size=8))

    assert answered == ["y"] * 100
    assert not any("x" in one for one in recorder.passes)


def test_a_request_given_up_halfway_takes_no_more_passes(batcher, served, recorder):
    recorder.gate.clear()
    large = batcher.submit(served, ["x"] * 80, max_batch_size=8)
    assert recorder.entered.wait(5)
    assert large.cancel()

    recorder.gate.set()
    texts_of(batcher.submit(served, ["z"], max_batch_size=8))
    answered = texts_of(batcher.submit(served, ["y"] * 100, max_batch_size=8))

    assert answered == ["y"] * 100
    assert [one for one in recorder.passes if "x" in one] == [["x"] * 8]


def test_a_text_that_breaks_the_version_fails_its_own_request_only(batcher, served, recorder):
    first = hold_a_pass(batcher, served, recorder)
    good = batcher.submit(served, ["good"], max_batch_size=8)
    bad = batcher.submit(served, ["poison"], max_batch_size=8)

    recorder.gate.set()
    wait([first, good, bad], 5)

    assert texts_of(good) == ["good"]
    with pytest.raises(AnswerFailedError):
        bad.result(5)
    assert texts_of(batcher.submit(served, ["after"], max_batch_size=8)) == ["after"]


def test_a_lone_caller_never_waits_for_others(batcher, served, monkeypatch):
    monkeypatch.setattr(batching, "GATHER_SECONDS", 1.0)
    started = time.monotonic()

    for _ in range(5):
        texts_of(batcher.submit(served, ["alone"], max_batch_size=8))

    assert time.monotonic() - started < 0.9


def test_callers_of_the_last_pass_are_waited_for(batcher, served, recorder, monkeypatch):
    monkeypatch.setattr(batching, "GATHER_SECONDS", 2.0)
    first = hold_a_pass(batcher, served, recorder)
    pair = [batcher.submit(served, [text], max_batch_size=8) for text in ("a", "b")]
    recorder.gate.set()
    wait([first, *pair], 5)

    again = batcher.submit(served, ["c"], max_batch_size=8)
    time.sleep(0.05)
    other = batcher.submit(served, ["d"], max_batch_size=8)
    wait([again, other], 5)

    assert recorder.passes[-1] == ["c", "d"]


def test_stopping_answers_what_is_queued(served, recorder):
    batcher = Batcher("intents", max_waiting_texts=100)
    first = hold_a_pass(batcher, served, recorder)
    queued = batcher.submit(served, ["queued"], max_batch_size=8)

    threading.Timer(0.05, recorder.gate.set).start()
    batcher.stop()

    assert first.done()
    assert texts_of(queued) == ["queued"]
    with pytest.raises(OverloadedError):
        batcher.submit(served, ["too late"], max_batch_size=8)


def test_a_version_is_let_go_when_its_last_request_is_answered(batcher):
    import gc
    import weakref

    model = Recorder()
    held = weakref.ref(model)

    texts_of(batcher.submit(Served("intents", 1, model), ["last"], max_batch_size=8))
    del model
    end = time.monotonic() + 5
    while held() is not None and time.monotonic() < end:
        gc.collect()
        time.sleep(0.01)

    assert held() is None
