"""The gateway without HTTP: a request goes in, an answer that names its version comes out.

Both protocols go through ``answer``: route, batch, count, capture. Nothing after the prediction
can fail or wait.
"""

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from registry.serving.batching import MAX_WAITING_TEXTS, Batcher
from registry.serving.capture import Capture, is_sampled
from registry.serving.engine import Generated, Prediction
from registry.serving.errors import AnswerTimeoutError, GatewayError
from registry.serving.metrics import Metrics
from registry.serving.router import Served, entry_of, route
from registry.serving.versions import Versions
from registry.traffic_records import Observation

ANSWER_TIMEOUT_SECONDS = 30.0
FLUSH_TIMEOUT_SECONDS = 10.0


@dataclass(frozen=True)
class Question:
    """What a caller asks of a model, in the words of no protocol."""

    model: str
    texts: Sequence[str]
    ids: Sequence[str]
    """One per text."""
    slices: Sequence[Mapping[str, str]]
    """One per text, or none at all."""
    version: str | None = None
    """None: the live one."""


@dataclass(frozen=True)
class Answer:
    """One prediction per text, and who made them."""

    served: Served
    ids: Sequence[str]
    predictions: Sequence[Prediction]


class Service:
    """Answers questions with the versions that are loaded."""

    def __init__(
        self,
        versions: Versions,
        capture: Capture,
        metrics: Metrics,
        *,
        timeout_seconds: float = ANSWER_TIMEOUT_SECONDS,
        max_waiting_texts: int = MAX_WAITING_TEXTS,
    ) -> None:
        """``timeout_seconds`` bounds one answer, ``max_waiting_texts`` the queue of one model."""
        self.versions = versions
        self.metrics = metrics
        self._capture = capture
        self._timeout_seconds = timeout_seconds
        self._max_waiting_texts = max_waiting_texts
        self._batchers: dict[str, Batcher] = {}

    def start(self) -> None:
        """Begin to watch the registry and to write what is captured."""
        self._capture.start()
        self.versions.start()

    def stop(self) -> None:
        """Answer what is queued, write what is captured, and end every thread."""
        self.versions.stop()
        for batcher in self._batchers.values():
            batcher.stop()
        self._capture.stop(FLUSH_TIMEOUT_SECONDS)

    async def answer(self, question: Question) -> Answer:
        """Answer with the version that is live when the question arrives.

        Raises:
            GatewayError: With what to tell the caller.
        """
        started = time.monotonic()
        table = self.versions.table
        served = route(table, question.model, question.version)
        serving = entry_of(table, question.model).serving
        try:
            predictions = await self._predict(served, question.texts, serving.max_batch_size)
        except GatewayError as error:
            error.version = served.number
            raise
        answer = Answer(served, question.ids, predictions)
        self.metrics.count_predictions(
            served.model, served.number, predictions, labels=served.loaded.labels
        )
        seconds = time.monotonic() - started
        self._capture.offer(observations(question, answer, share=serving.capture, seconds=seconds))
        return answer

    async def _predict(
        self, served: Served, texts: Sequence[str], max_batch_size: int
    ) -> Sequence[Prediction]:
        batcher = self._batchers.get(served.model)
        if batcher is None:
            batcher = Batcher(served.model, max_waiting_texts=self._max_waiting_texts)
            self._batchers[served.model] = batcher
        future = batcher.submit(served, texts, max_batch_size=max_batch_size)
        try:
            return await asyncio.wait_for(asyncio.wrap_future(future), self._timeout_seconds)
        except TimeoutError as error:
            raise AnswerTimeoutError(served.model, self._timeout_seconds) from error


def observations(
    question: Question, answer: Answer, *, share: float, seconds: float
) -> list[Observation]:
    """The sampled share of an answer, as records for the monitors."""
    if share <= 0:
        return []
    now = datetime.now(UTC)
    slices = question.slices or [{}] * len(question.texts)
    parts = zip(question.texts, question.ids, slices, answer.predictions, strict=True)
    return [
        Observation(
            request_id=request_id,
            model=answer.served.model,
            version=answer.served.number,
            at=now,
            text=text,
            label=None if isinstance(prediction, Generated) else prediction.label,
            score=None if isinstance(prediction, Generated) else prediction.score,
            slices=of_text,
            latency_seconds=seconds,
        )
        for text, request_id, of_text, prediction in parts
        if is_sampled(request_id, share)
    ]
