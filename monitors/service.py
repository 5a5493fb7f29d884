"""The loop: for each live version, read what is new, feed the detectors, write and export.

Main path: ``Service.run`` → ``look`` → ``_look_at`` → ``Evaluator.observe`` → ``recorder``.
All state is in memory and follows from registry rows, so that a killed monitor loses nothing.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from threading import Event

from monitors import recorder
from monitors.evaluator import Evaluator
from monitors.exporter import Exporter, values_of
from monitors.plan import Target, build_evaluator, monitoring_of
from monitors.recorder import Recorded
from monitors.settings import MonitorSettings
from monitors.windows import ReadsArtifacts, load_reference
from registry.errors import NotFoundError
from registry.records import AliasRecord, EvaluationRecord
from registry.store.aliases import list_live
from registry.store.database import Database
from registry.store.evaluations import latest_evaluation
from registry.store.models import get_model
from registry.store.predictions import read_observations
from registry.traffic_records import SignalDraft, StoredObservation
from specs.errors import TrueupError
from specs.monitoring import Monitoring
from specs.names import Digest

_log = logging.getLogger(__name__)
Clock = Callable[[], datetime]


@dataclass(frozen=True)
class Basis:
    """What a version's detectors stand on; when any of it changes they start again."""

    version: int
    live_since: datetime
    evaluation_digest: Digest
    monitoring: Monitoring


@dataclass
class Watched:
    """A live version's detectors, and what was written about them."""

    basis: Basis
    evaluator: Evaluator
    recorded: Recorded
    cursor: int = 0
    """Sequence of the last observation that was read, whether it counted or not."""


class Service:
    """Watches every live version."""

    def __init__(
        self,
        database: Database,
        artifacts: ReadsArtifacts,
        *,
        settings: MonitorSettings,
        exporter: Exporter,
        clock: Clock,
    ) -> None:
        """``clock`` gives the time that rows and metrics carry: aware, UTC."""
        self._database = database
        self._artifacts = artifacts
        self._settings = settings
        self._exporter = exporter
        self._clock = clock
        self._watched: dict[str, Watched] = {}
        self._failures: dict[str, str] = {}
        self._stop = Event()
        self._problem: str | None = "no pass was made yet"

    def run(self) -> None:
        """Look again and again, until ``stop``."""
        while not self._stop.is_set():
            try:
                self.look()
                self._problem = None
            except Exception as error:  # noqa: BLE001  (the worker boundary: the next pass is a new try)
                self._problem = str(error) or type(error).__name__
                _log.warning("pass failed", exc_info=error)
            self._stop.wait(self._settings.monitor_interval_seconds)

    def stop(self) -> None:
        """End ``run`` after the batch at hand."""
        self._stop.set()

    def problem(self) -> str | None:
        """Why the monitors are not ready; None when they are."""
        return self._problem

    def look(self) -> None:
        """Look once at the new traffic of every live version."""
        with self._database.reading() as session:
            live = list_live(session)
        names = {alias.model for alias in live}
        self._watched = {name: one for name, one in self._watched.items() if name in names}
        self._exporter.keep(names)
        for alias in live:
            try:
                self._look_at(alias)
            except Exception as error:  # noqa: BLE001  (one model's fault is not another's)
                self._give_up(alias.model, error)

    def _give_up(self, model: str, error: Exception) -> None:
        """Leave a model until the next pass; what was fed but not written must come again."""
        self._watched.pop(model, None)
        self._exporter.publish_failure(model)
        told = str(error) or type(error).__name__
        if self._failures.get(model) != told:  # once, not once a second
            traceback = None if isinstance(error, TrueupError) else error
            _log.warning("model=%s look failed: %s", model, told, exc_info=traceback)
        self._failures[model] = told

    def _look_at(self, alias: AliasRecord) -> None:
        watched = self._prepare(alias)
        while not self._stop.is_set():
            batch = self._read(alias, after=watched.cursor)
            self._judge(watched, batch)
            if len(batch) < self._settings.monitor_batch_size:
                self._write(watched, recorder.corrections(watched.recorded, watched.evaluator))
                break
        at = self._clock().timestamp()
        self._exporter.publish(values_of(watched.evaluator, evaluated_at=at))
        self._failures.pop(alias.model, None)

    def _prepare(self, alias: AliasRecord) -> Watched:
        """Go on with the detectors at hand, or make new ones when their basis has changed."""
        with self._database.reading() as session:
            evaluation = latest_evaluation(session, alias.model, alias.version)
            spec = get_model(session, alias.model).spec
        if evaluation is None:
            raise NotFoundError("evaluation of version", f"{alias.model}@{alias.version}")
        basis = Basis(
            version=alias.version,
            live_since=alias.changed_at,
            evaluation_digest=evaluation.evaluation_digest,
            monitoring=monitoring_of(spec),
        )
        watched = self._watched.get(alias.model)
        if watched is None or watched.basis != basis:
            watched = self._start(alias, evaluation, basis=basis)
            self._watched[alias.model] = watched
        return watched

    def _start(self, alias: AliasRecord, evaluation: EvaluationRecord, *, basis: Basis) -> Watched:
        with self._database.reading() as session:
            recorded = recorder.read_recorded(session, alias.model, alias.version)
        evaluator = build_evaluator(
            Target(alias.model, alias.version),
            load_reference(self._artifacts, evaluation),
            basis.monitoring,
            least_requests_per_day=self._settings.least_requests_per_day,
        )
        names = ", ".join(watch.name for watch in evaluator.watches)
        _log.info("model=%s version=%s detectors=%s", alias.model, alias.version, names or "none")
        return Watched(basis, evaluator, recorded)

    def _read(self, alias: AliasRecord, *, after: int) -> list[StoredObservation]:
        limit = self._settings.monitor_batch_size
        with self._database.reading() as session:
            return read_observations(session, alias.model, alias.version, after=after, limit=limit)

    def _judge(self, watched: Watched, batch: list[StoredObservation]) -> None:
        """Feed a batch and write what it gave; requests of an earlier live term do not count."""
        if not batch:
            return
        since = watched.basis.live_since
        findings = watched.evaluator.observe([s for s in batch if s.observation.at >= since])
        self._write(watched, recorder.unknown_to(watched.recorded, findings))
        watched.cursor = batch[-1].sequence

    def _write(self, watched: Watched, drafts: list[SignalDraft]) -> None:
        if not drafts:
            return
        with self._database.transaction() as session:
            watched.recorded = recorder.record(session, watched.recorded, drafts, now=self._clock())
