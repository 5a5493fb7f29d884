"""Dynamic batching: one thread per model answers the texts of many requests in one forward pass.

Requests queue up while a pass runs, and the next pass takes what has queued, up to a full batch.
Only when the last pass served several requests is there a short wait for as many again: a lone
caller never pays for batching. A request larger than a batch is served in turns with the others,
so one caller with a thousand texts does not make everybody wait.

A request is answered by the version it came with, whatever is live when its turn comes: texts of
different versions never share a pass.
"""

import logging
import threading
import time
from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from itertools import groupby

from registry.serving.engine import Prediction
from registry.serving.errors import AnswerFailedError, OverloadedError
from registry.serving.router import Served

log = logging.getLogger(__name__)

MAX_WAITING_TEXTS = 4_096
GATHER_SECONDS = 0.005
LONGEST_RETRY_SECONDS = 30


@dataclass(eq=False)
class Pending:
    """One request in the queue: what it asks, whom, and how far it is answered."""

    served: Served
    texts: Sequence[str]
    max_batch_size: int
    future: "Future[list[Prediction]]" = field(default_factory=Future)
    answered: list[Prediction] = field(default_factory=list)
    taken: int = 0
    """Texts that are answered or in the pass that runs."""

    @property
    def left(self) -> int:
        """Texts still to take."""
        return len(self.texts) - self.taken

    def take(self, room: int) -> Sequence[str]:
        """Take the next texts, at most ``room``."""
        start = self.taken
        self.taken += min(room, self.left)
        return self.texts[start : self.taken]


Turn = tuple[Pending, Sequence[str]]
"""The part of one request that goes into one pass."""


class Batcher:
    """The queue of one model and the thread that empties it."""

    def __init__(self, model: str, *, max_waiting_texts: int) -> None:
        """``max_waiting_texts`` bounds the queue; what comes on top is refused."""
        self._model = model
        self._max_waiting = max_waiting_texts
        self._queue: deque[Pending] = deque()
        self._waiting_texts = 0
        self._changed = threading.Condition()
        self._stopping = False
        self._last_requests = 1
        self._texts_per_second = 0.0
        self._thread = threading.Thread(target=self._run, name=f"batch-{model}", daemon=True)
        self._thread.start()

    def submit(
        self, served: Served, texts: Sequence[str], *, max_batch_size: int
    ) -> "Future[list[Prediction]]":
        """Queue a request; the future gives one prediction per text, or AnswerFailedError.

        Cancelling the future takes the request out of the queue.

        Raises:
            OverloadedError: The queue is full.
        """
        pending = Pending(served, texts, max_batch_size)
        with self._changed:
            is_full = self._waiting_texts and self._waiting_texts + len(texts) > self._max_waiting
            if is_full or self._stopping:
                raise OverloadedError(self._model, self._retry_after())
            self._waiting_texts += len(texts)
            self._queue.append(pending)
            self._changed.notify()
        return pending.future

    def stop(self) -> None:
        """Answer what is queued, then end the thread."""
        with self._changed:
            self._stopping = True
            self._changed.notify()
        self._thread.join()

    def _retry_after(self) -> int:
        rate = self._texts_per_second
        seconds = self._waiting_texts / rate if rate else 1.0
        return max(1, min(LONGEST_RETRY_SECONDS, round(seconds)))

    def _run(self) -> None:
        while self._answer_next():
            pass

    def _answer_next(self) -> bool:
        """Answer one batch. False: the batcher was stopped and nothing is left.

        A function of its own so that its locals end with it: nothing may keep a version alive
        while the thread waits for the next request.
        """
        batch = self._next_batch()
        if batch is None:
            return False
        started = time.monotonic()
        for served, turns in groupby(batch, key=lambda turn: turn[0].served):
            answer_turns(served, list(turns))
        self._put_back(batch, seconds=time.monotonic() - started)
        return True

    def _next_batch(self) -> list[Turn] | None:
        with self._changed:
            while not self._queue:
                if self._stopping:
                    return None
                self._changed.wait()
            self._gather()
            return self._take()

    def _gather(self) -> None:
        """Wait shortly for the callers of the last pass, who are likely to ask again."""
        until = time.monotonic() + GATHER_SECONDS
        size = self._queue[0].max_batch_size
        while len(self._queue) < self._last_requests and self._waiting_texts < size:
            left = until - time.monotonic()
            if left <= 0 or self._stopping:
                return
            self._changed.wait(left)

    def _take(self) -> list[Turn]:
        room = self._queue[0].max_batch_size
        batch: list[Turn] = []
        while room > 0 and self._queue:
            pending = self._queue.popleft()
            if pending.future.cancelled():
                self._waiting_texts -= pending.left
                continue
            turn = pending.take(room)
            batch.append((pending, turn))
            room -= len(turn)
            self._waiting_texts -= len(turn)
        self._last_requests = max(1, len(batch))
        return batch

    def _put_back(self, batch: Sequence[Turn], *, seconds: float) -> None:
        """Requests that have texts left go to the end of the queue: everybody takes turns."""
        count = sum(len(texts) for _, texts in batch)
        with self._changed:
            self._texts_per_second = count / max(seconds, 1e-6)
            for pending, _ in batch:
                if pending.future.done():
                    self._waiting_texts -= pending.left
                elif pending.left:
                    self._queue.append(pending)


def answer_turns(served: Served, turns: Sequence[Turn]) -> None:
    """Answer the turns of one version in one pass.

    When the pass fails, each request is tried alone: a text that breaks the version must not take
    the requests beside it down.
    """
    texts = [text for _, taken in turns for text in taken]
    try:
        predictions = served.loaded.predict(texts)
    except Exception as error:
        if len(turns) > 1:
            for turn in turns:
                answer_turns(served, [turn])
            return
        log.exception("version %s of %s failed on a request", served.number, served.model)
        _fail(turns[0][0], AnswerFailedError(served.model, served.number), error)
        return
    _hand_out(turns, predictions)


def _fail(pending: Pending, failure: AnswerFailedError, cause: Exception) -> None:
    failure.__cause__ = cause
    if pending.future.set_running_or_notify_cancel():
        pending.future.set_exception(failure)


def _hand_out(turns: Sequence[Turn], predictions: Sequence[Prediction]) -> None:
    start = 0
    for pending, taken in turns:
        pending.answered.extend(predictions[start : start + len(taken)])
        start += len(taken)
        # A caller may give up at any moment; only a future that is claimed may be set.
        if not pending.left and pending.future.set_running_or_notify_cancel():
            pending.future.set_result(pending.answered)
