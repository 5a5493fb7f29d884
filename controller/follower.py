"""Follow the repository: notice a commit, read its specs, say which models to look at."""

import logging
import threading
import time
from collections.abc import Callable
from datetime import datetime

from controller.catalog import Catalog, read_catalog
from controller.context import Tools
from controller.errors import SourceError
from controller.metrics import ControllerMetrics
from controller.record import record_invalid_spec
from controller.source.watch import RefWatch, git_folder_of
from controller.steps.cancel import cancel
from registry.records import ModelRecord, SourceRecord
from registry.store import events, models, runs, sources
from specs.names import Revision

log = logging.getLogger("trueup.controller")

DEBOUNCE_SECONDS = 0.05
"""git moves several files for one commit; one look is enough for all of them."""

Ask = Callable[[str, str], None]
"""``(model, trigger)``: ask for a look."""


class Follower:
    """Keeps the catalog at the repository's newest revision."""

    def __init__(self, tools: Tools, metrics: ControllerMetrics, ask: Ask) -> None:
        """``ask`` is called for each model that a new revision may concern."""
        self._tools = tools
        self._metrics = metrics
        self._ask = ask
        self._noticed = threading.Event()
        self._watch: RefWatch | None = None
        self._recorded: tuple[Catalog | None, str] | None = None
        self.catalog: Catalog | None = None
        """What the newest readable revision wants; None before the first."""
        self.failing_since: datetime | None = None
        self.failure: str | None = None
        """Why the repository cannot be read now; None while it can."""

    def watch(self) -> None:
        """Begin to be told of commits, where the repository is on this machine."""
        local = self._tools.repository.local
        if local is None:
            return
        watch = RefWatch(git_folder_of(local), self._noticed)
        try:
            watch.start()
        except OSError as error:
            log.warning("no file watch; polling alone: %s", error)
        else:
            self._watch = watch

    def wait(self) -> None:
        """Return when a commit may have been made, or a poll is due."""
        self._noticed.wait(self._tools.settings.poll_seconds)
        time.sleep(DEBOUNCE_SECONDS)
        self._noticed.clear()

    def look_soon(self) -> None:
        """Look at the repository without waiting for the next poll."""
        self._noticed.set()

    def stop(self) -> None:
        """End the watch, and any ``wait``."""
        self._noticed.set()
        if self._watch is not None:
            self._watch.stop()

    def look(self) -> None:
        """Fetch once; on a new revision read its specs and ask for every model's look."""
        started = time.monotonic()
        tools = self._tools
        try:
            newest = tools.repository.fetch()
            if self.catalog is not None and self.catalog.revision == newest:
                self._mark_up()
                return
            catalog = read_catalog(tools.repository, newest, specs_path=tools.settings.specs_path)
        except SourceError as error:
            self._mark_down(error)
            return
        self._metrics.notice_seconds.observe(time.monotonic() - started)
        self._take_over(catalog)
        self._mark_up()

    def _take_over(self, catalog: Catalog) -> None:
        before, self.catalog = self.catalog, catalog
        tools = self._tools
        count = len(catalog.models)
        log.info("revision noticed", extra={"revision": catalog.revision, "models": count})
        if before is not None:
            with tools.database.transaction() as session:
                events.record_event(
                    session,
                    kind="RevisionNoticed",
                    message=f"{catalog.revision}: {count} models",
                    trigger="commit",
                    revision=catalog.revision,
                    now=tools.clock(),
                )
        for path, errors in catalog.errors.items():
            name = catalog.names.get(path)
            record_invalid_spec(tools, name, errors, at=catalog.revision)
        self._retire(catalog)
        for name in catalog.models:
            self._ask(name, "commit")

    def _retire(self, catalog: Catalog) -> None:
        with self._tools.database.reading() as session:
            known = models.list_models(session)
        for model in known:
            # A spec that cannot be read is not a spec that was deleted.
            if model.name not in catalog.models and model.path not in catalog.errors:
                self._retire_one(model, at=catalog.revision)

    def _retire_one(self, model: ModelRecord, *, at: Revision) -> None:
        tools = self._tools
        message = f"{model.path} is gone; nothing was deleted"
        with tools.database.transaction() as session:
            run = runs.find_running(session, model.name)
            models.retire_model(session, model.name, now=tools.clock())
            events.record_event(
                session,
                kind="Retired",
                message=message,
                model=model.name,
                trigger="commit",
                revision=at,
                now=tools.clock(),
            )
        self._metrics.forget(model.name)
        if run is not None:
            cancel(tools, run, why=f"{model.path} is gone at {at}")

    def _mark_up(self) -> None:
        recovered = self.failure is not None
        self.failing_since, self.failure = None, None
        self._metrics.source_up.set(1)
        self._record("")
        if recovered and self.catalog is not None:
            for name in self.catalog.models:
                self._ask(name, "source")

    def _mark_down(self, error: SourceError) -> None:
        is_news = self.failure is None
        now = self._tools.clock()
        self.failing_since = self.failing_since or now
        since = self.failing_since.isoformat(timespec="seconds")
        self.failure = f"{error.told}, since {since}"
        self._metrics.source_up.set(0)
        self._record(self.failure)
        if is_news:
            log.warning("source unreachable", extra={"problem": self.failure})
            for name in self.catalog.models if self.catalog else ():
                self._ask(name, "source")

    def _record(self, message: str) -> None:
        tools = self._tools
        known = (self.catalog, message)
        if known == self._recorded:
            return
        self._recorded = known
        branch = self.catalog.revision.partition("@")[0] if self.catalog else ""
        record = SourceRecord(
            url=tools.repository.url,
            branch=branch,
            revision=self.catalog.revision if self.catalog else None,
            checked_at=tools.clock(),
            failing_since=self.failing_since,
            message=message,
        )
        with tools.database.transaction() as session:
            sources.record_source(session, record)
