"""The controller's threads: follow the repository, take triggers, look at models.

Nothing here knows what a look does, and a look does not know why it was asked for. A fault in one
look is logged, recorded and repeated later; it never touches another model.
"""

import logging
import threading
import time
from collections.abc import Callable
from datetime import datetime
from functools import partial

from controller.context import Tools
from controller.follower import Follower
from controller.metrics import ControllerMetrics
from controller.outcomes import Deferred, Outcome, Settled, Stalled, Waiting
from controller.reconciler import Reconciler
from controller.workqueue import WorkQueue
from registry.records import TriggerRecord
from registry.store import events, runs, triggers
from specs.errors import TrueupError

log = logging.getLogger("trueup.controller")

TRIGGER_POLL_SECONDS = 0.25
GRACE_SECONDS = 10.0


class Controller:
    """One running controller."""

    def __init__(
        self, tools: Tools, metrics: ControllerMetrics, *, grace_seconds: float = GRACE_SECONDS
    ) -> None:
        """Nothing starts before ``start``; ``grace_seconds`` is what all threads get to end."""
        self._tools = tools
        self._grace_seconds = grace_seconds
        self._metrics = metrics
        self._queue = WorkQueue(clock=time.monotonic)
        self._reconciler = Reconciler(tools, metrics)
        self._follower = Follower(tools, metrics, self._on_news)
        self._stopped = threading.Event()
        self._forgiven: dict[str, datetime] = {}
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        """Start all threads."""
        self._follower.watch()
        targets = [self._follow, self._take_triggers, self._resync]
        targets += [self._work] * self._tools.settings.workers
        self._threads = [
            threading.Thread(target=target, name=target.__name__, daemon=True) for target in targets
        ]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """End all threads after the looks that are going on; ask jobs to save their work."""
        self._stopped.set()
        self._follower.stop()
        self._queue.close()
        # One grace for all of them: whoever waits for this process to end waits for their sum.
        end = time.monotonic() + self._grace_seconds
        for thread in self._threads:
            thread.join(timeout=max(0.0, end - time.monotonic()))
            if thread.is_alive():
                log.warning("%s did not end in time", thread.name)
        with self._tools.database.reading() as session:
            running = runs.list_running(session)
        for run in running:
            self._tools.executor.interrupt(run.job)

    @property
    def not_ready(self) -> str | None:
        """Why the controller cannot work yet; None when it can."""
        if self._follower.catalog is None:
            return self._follower.failure or "the repository has not been read yet"
        return None

    def _follow(self) -> None:
        while not self._stopped.is_set():
            self._guarded("reading the repository", self._follower.look)
            self._follower.wait()

    def _on_news(self, name: str, trigger: str) -> None:
        self._queue.forgive(name)
        self._queue.add(name, trigger=trigger)

    def _take_triggers(self) -> None:
        while not self._stopped.wait(TRIGGER_POLL_SECONDS):
            self._guarded("taking triggers", self._take_triggers_once)

    def _take_triggers_once(self) -> None:
        with self._tools.database.reading() as session:
            if not triggers.has_triggers(session):
                return  # looking takes no write lock; only taking does
        with self._tools.database.transaction() as session:
            taken = triggers.take_triggers(session)
        for trigger in taken:
            self._on_trigger(trigger)

    def _on_trigger(self, trigger: TriggerRecord) -> None:
        catalog = self._follower.catalog
        names = [trigger.model] if trigger.model else list(catalog.models if catalog else ())
        if trigger.kind == "manual":
            # A person asks for another try: what failed before no longer stands in the way.
            self._forgiven.update(dict.fromkeys(names, self._tools.clock()))
            self._follower.look_soon()
        for name in names:
            self._on_news(name, trigger.kind)

    def _resync(self) -> None:
        while not self._stopped.wait(self._tools.settings.resync_seconds):
            catalog = self._follower.catalog
            for name in catalog.models if catalog else ():
                self._queue.add(name, trigger="resync")

    def _work(self) -> None:
        while (taken := self._queue.take()) is not None:
            name, trigger = taken
            error = self._guarded(f"a look at {name}", partial(self._look, name, trigger))
            if error is not None:
                tell = partial(self._on_fault, name, trigger, error)
                self._guarded(f"recording the fault of {name}", tell)
            self._queue.done(name)

    def _guarded(self, what: str, act: Callable[[], None]) -> Exception | None:
        # The one place that catches anything: a fault must end neither a thread nor the others.
        try:
            act()
        except TrueupError as error:
            # Raised on purpose: it says what is wrong and what to do, and needs no traceback.
            log.warning("%s failed, and is tried again: %s", what, error.told)
            return error
        except Exception as error:
            log.exception("%s failed; it is tried again", what)
            return error
        return None

    def _look(self, name: str, trigger: str) -> None:
        catalog = self._follower.catalog
        if catalog is None or name not in catalog.models:
            return
        started = time.monotonic()
        outcome = self._reconciler.reconcile(
            name,
            catalog,
            trigger=trigger,
            source_failure=self._follower.failure,
            forgiven_before=self._forgiven.get(name),
        )
        self._queue.forgive(name)
        self._metrics.passes.labels(trigger, type(outcome).__name__.lower()).inc()
        self._metrics.pass_seconds.observe(time.monotonic() - started)
        self._metrics.queue_depth.set(len(self._queue))
        self._ask_again(name, trigger, outcome)

    def _ask_again(self, name: str, trigger: str, outcome: Outcome) -> None:
        match outcome:
            case Waiting(recheck=recheck) | Deferred(recheck=recheck):
                self._queue.add(name, trigger=trigger, after=recheck)
            case Settled() | Stalled():
                log.debug("settled", extra={"model": name, "trigger": trigger})
            case _:
                self._queue.add(name, trigger=trigger)

    def _on_fault(self, name: str, trigger: str, error: Exception) -> None:
        pause = self._queue.retry(name, trigger=trigger)
        self._metrics.passes.labels(trigger, "fault").inc()
        seconds = pause.total_seconds()
        with self._tools.database.transaction() as session:
            events.record_event(
                session,
                kind="LookFailed",
                message=f"{type(error).__name__}: {error}; next look in {seconds:.0f} s",
                model=name,
                trigger=trigger,
                now=self._tools.clock(),
            )
