"""Which versions are loaded and which one answers, kept true to the registry by one thread.

The thread looks at the live aliases about ten times a second. A new live version is loaded beside
the one that answers, warmed, and then takes over by one assignment: a request sees the table
before it or after it, never between. Loading happens in other threads, so that one model's slow
load never delays another model's rollback.
"""

import logging
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field

from registry.errors import RegistryError
from registry.serving.loading import Loader
from registry.serving.lookup import Declared, Lookup
from registry.serving.metrics import Metrics
from registry.serving.rollout import Failed, Held, Wanted, decide, failed_again, is_settled
from registry.serving.router import DEFAULT_SERVING, Entry, Served, Table
from specs.errors import TrueupError

log = logging.getLogger(__name__)

POLL_SECONDS = 0.1
REFRESH_SECONDS = 1.0
"""How often the models' records are read: limits, sampling, what they wait for."""
PARALLEL_LOADS = 4


@dataclass
class _Model:
    """One model's versions. Touched by the watching thread only."""

    name: str
    wanted: Wanted = field(default_factory=Wanted)
    answering: int | None = None
    warm: dict[int, Served] = field(default_factory=dict)
    loading: "dict[int, Future[Served]]" = field(default_factory=dict)
    failed: dict[int, Failed] = field(default_factory=dict)

    def held(self) -> Held:
        return Held(self.answering, frozenset(self.warm), frozenset(self.loading), self.failed)

    def entry(self, declared: Declared | None) -> Entry:
        return Entry(
            name=self.name,
            serving=declared.serving if declared else DEFAULT_SERVING,
            waiting_for=self._waiting_for(declared),
            live=None if self.answering is None else self.warm[self.answering],
            warm=tuple(self.warm.values()),
        )

    def _waiting_for(self, declared: Declared | None) -> str:
        live = self.wanted.live
        if live is None:
            return declared.waiting_for if declared else ""
        failure = self.failed.get(live)
        problem = f" (failed {failure.attempts} times: {failure.message})" if failure else ""
        return f"version {live} to load{problem}"


class Versions:
    """Keeps the table of loaded versions true to the registry."""

    def __init__(self, lookup: Lookup, loader: Loader, metrics: Metrics) -> None:
        """``loader`` is called from several threads, for different versions."""
        self._lookup = lookup
        self._loader = loader
        self._metrics = metrics
        self._models: dict[str, _Model] = {}
        self._declared: dict[str, Declared] = {}
        self._refresh_at = 0.0
        self._has_looked = False
        self._registry_is_lost = False
        self._table: Table = {}
        self._unready: str | None = "the registry has not been read yet"
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._loads = ThreadPoolExecutor(PARALLEL_LOADS, thread_name_prefix="load")
        self._thread = threading.Thread(target=self._run, name="versions", daemon=True)

    @property
    def table(self) -> Table:
        """What is loaded now: a value that never changes; ask again for a newer one."""
        return self._table

    def unready(self) -> str | None:
        """Why the gateway is not ready; None when it is."""
        return self._unready

    def start(self) -> None:
        """Begin to watch."""
        self._thread.start()

    def stop(self) -> None:
        """End watching; loads that have begun are not waited for."""
        self._stopping.set()
        self._wake.set()
        self._thread.join()
        self._loads.shutdown(wait=False, cancel_futures=True)

    def tick(self) -> None:
        """Look at the registry once and carry out what follows."""
        self._look()
        now = time.monotonic()
        for model in self._models.values():
            self._harvest(model, now)
            self._advance(model, now)
        names = self._models.keys() | self._declared.keys()
        self._table = {name: self._entry(name) for name in sorted(names)}
        self._unready = self._why_unready()

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                self.tick()
            except Exception:
                # Answering goes on with what is loaded, whatever the watching met.
                log.exception("looking after the versions failed")
                self._metrics.count_poll_failure()
            self._wake.wait(POLL_SECONDS)
            self._wake.clear()

    def _look(self) -> None:
        try:
            live = self._lookup.live()
            if time.monotonic() >= self._refresh_at or live.keys() - self._models.keys():
                self._declared = self._lookup.declared()
                self._refresh_at = time.monotonic() + REFRESH_SECONDS
            for name in live.keys() | self._models.keys():
                self._want(name, live.get(name))
        except RegistryError as error:
            self._metrics.count_poll_failure()
            if not self._registry_is_lost:
                log.warning("the registry cannot be read, answering goes on: %s", error)
            self._registry_is_lost = True
            return
        self._registry_is_lost = False
        if not self._has_looked:
            self._loader.sweep(set(self._wanted_versions()))
            self._has_looked = True

    def _want(self, name: str, live: int | None) -> None:
        model = self._models.setdefault(name, _Model(name))
        if model.wanted.live == live:
            return
        # Previous moves in the transaction that moves live, so it is read when live has moved.
        model.wanted = Wanted(live, None if live is None else self._lookup.previous(name))
        model.failed = {}

    def _wanted_versions(self) -> Iterator[tuple[str, int]]:
        for name, model in self._models.items():
            for number in (model.wanted.live, model.wanted.previous):
                if number is not None:
                    yield name, number

    def _harvest(self, model: _Model, now: float) -> None:
        for number, load in list(model.loading.items()):
            if not load.done():
                continue
            del model.loading[number]
            error = load.exception()
            if error is None:
                model.warm[number] = load.result()
                model.failed.pop(number, None)
            else:
                self._note_failure(model, number, error, now)

    def _advance(self, model: _Model, now: float) -> None:
        decision = decide(model.wanted, model.held(), now=now)
        if decision.answering != model.answering:
            log.info("%s: version %s answers", model.name, decision.answering)
            model.answering = decision.answering
            self._metrics.show_live(model.name, decision.answering)
        for number in decision.load:
            model.loading[number] = self._loads.submit(self._load, model.name, number)
            model.loading[number].add_done_callback(lambda _: self._wake.set())
        for number in decision.free:
            log.info("%s: version %s is freed", model.name, number)
            del model.warm[number]
            self._loader.forget(model.name, number)
            self._metrics.forget(model.name, number)

    def _load(self, name: str, number: int) -> Served:
        log.info("%s: version %s is loaded", name, number)
        return self._loader.load(self._lookup.version(name, number))

    def _note_failure(self, model: _Model, number: int, error: BaseException, now: float) -> None:
        message = _told(error)
        before = model.failed.get(number)
        model.failed[number] = failed_again(before, message, now=now)
        self._metrics.count_load_failure(model.name)
        log.warning("%s: version %s does not load: %s", model.name, number, message, exc_info=error)
        if before is not None and before.message == message:
            return
        try:
            self._lookup.record_load_failure(model.name, number, message)
        except RegistryError as unwritten:
            log.warning("%s", unwritten)

    def _entry(self, name: str) -> Entry:
        model = self._models.get(name) or _Model(name)
        return model.entry(self._declared.get(name))

    def _why_unready(self) -> str | None:
        if not self._has_looked:
            return "the registry cannot be read"
        pending = [
            f"{model.name}@{model.wanted.live}"
            for model in self._models.values()
            if not is_settled(model.wanted, model.held())
        ]
        return f"loading {', '.join(pending)}" if pending else None


def _told(error: BaseException) -> str:
    """The one line about an error that people are shown."""
    if isinstance(error, TrueupError):
        return error.told
    return f"{type(error).__name__}: {error}".partition("\n")[0]
