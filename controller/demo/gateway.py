"""Asking the gateway as an application would, once or without a pause."""

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Self

import httpx

from controller.errors import ControllerError

TEXTS_PER_REQUEST = 20
TIMEOUT_SECONDS = 10.0
CALLERS = 3


@dataclass(frozen=True)
class Answered:
    """One request under load: when it was sent and answered (monotonic), and by which version."""

    sent: float
    received: float
    version: int | None
    """None: it failed."""


class Gateway:
    """One model behind the gateway."""

    def __init__(self, url: str, model: str) -> None:
        """``url`` of the gateway, without a path."""
        self._url = f"{url}/v1/models/{model}:predict"
        # No proxies: the gateway is on this machine.
        self._client = httpx.Client(timeout=TIMEOUT_SECONDS, trust_env=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the connections."""
        self._client.close()

    def ask(self, texts: Sequence[str]) -> dict[str, Any]:
        """Send one request; ControllerError when it is not answered."""
        try:
            answer = self._client.post(self._url, json={"texts": list(texts)})
        except httpx.HTTPError as error:
            raise ControllerError(f"the gateway did not answer: {error}") from error
        if answer.is_error:
            raise ControllerError(f"the gateway answered {answer.status_code}: {answer.text}")
        return dict(answer.json())

    def live_version(self) -> int | None:
        """Which version answers; None while none does."""
        try:
            return int(self.ask(["hello"])["version"])
        except ControllerError:
            return None

    def batches(self, texts: Sequence[str]) -> Iterator[dict[str, Any]]:
        """Send many texts, some at a time; yield each answer."""
        for at in range(0, len(texts), TEXTS_PER_REQUEST):
            yield self.ask(texts[at : at + TEXTS_PER_REQUEST])


@dataclass
class Load:
    """Requests that never stop, from several callers at once."""

    gateway: Gateway
    texts: Sequence[str]
    answers: list[Answered] = field(default_factory=list)
    _over: threading.Event = field(default_factory=threading.Event)

    def run(self, offset: int) -> None:
        """Ask until it is over; ``offset`` makes callers differ."""
        at = offset
        while not self._over.is_set():
            sent = time.monotonic()
            version = self._ask(self.texts[at % len(self.texts)])
            self.answers.append(Answered(sent, time.monotonic(), version))
            at += CALLERS

    def end(self) -> None:
        """Ask no more."""
        self._over.set()

    def _ask(self, text: str) -> int | None:
        try:
            return int(self.gateway.ask([text])["version"])
        except ControllerError:
            return None


@contextmanager
def under_load(gateway: Gateway, texts: Sequence[str]) -> Iterator[Load]:
    """Keep requests flowing while the block runs; every answer is in the load afterwards."""
    load = Load(gateway, texts)
    callers = [threading.Thread(target=load.run, args=(at,), daemon=True) for at in range(CALLERS)]
    for caller in callers:
        caller.start()
    try:
        yield load
    finally:
        load.end()
        for caller in callers:
            caller.join()
