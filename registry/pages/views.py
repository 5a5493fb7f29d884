"""What each page shows, read in one consistent look."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from registry.costs import Cost, costs_of
from registry.evidence import HeldOutFile
from registry.overview import (
    ModelStatus,
    SearchView,
    VersionView,
    list_statuses,
    read_held_out,
    read_search,
    read_status,
    read_versions,
)
from registry.pages.curves import Chart, draw_curves
from registry.pages.health import health_of
from registry.pages.plot import Plot, plot_metrics
from registry.records import AliasRecord, EventRecord, LogLine, SourceRecord
from registry.store.aliases import find_alias
from registry.store.database import Session
from registry.store.events import list_events
from registry.store.predictions import count_observations
from registry.store.run_output import read_points, tail_log
from registry.store.signals import latest_signals
from registry.store.sources import list_sources
from registry.traffic_records import SignalRecord
from registry.version_state import VersionState
from specs.names import LIVE, PREVIOUS

SHOWN_EVENTS = 12
SHOWN_LINES = 14
_HEADLINE = ("f1_macro", "accuracy", "token_f1", "exact_match", "perplexity", "loss")
_TABLE_METRICS = 3


@dataclass(frozen=True)
class OverviewPage:
    """All models at a glance."""

    statuses: Sequence[ModelStatus]
    counts: Mapping[str, int]
    """Health word → how many models."""
    sources: Sequence[SourceRecord]
    events: Sequence[EventRecord]


@dataclass(frozen=True)
class ModelPage:
    """One model in full."""

    status: ModelStatus
    versions: Sequence[VersionView]
    """Newest first."""
    metrics: Sequence[str]
    """The columns of the versions table."""
    search: SearchView
    """The newest search; without trials when there never was one."""
    plots: Sequence[Plot]
    curves: Sequence[Chart]
    """Of the newest version's training."""
    live: AliasRecord | None
    log: Sequence[LogLine]
    signals: Sequence[SignalRecord]
    requests: int
    """Captured requests to the live version."""
    events: Sequence[EventRecord]
    held_out: HeldOutFile | None
    """The file that the newest judged version was measured on."""
    rollback_to: int | None
    """Where an undo would go; None when a person would have to name the version."""

    @property
    def name(self) -> str:
        """The model's name."""
        return self.status.model.name

    @property
    def spec(self) -> Mapping[str, Any]:
        """The ``spec`` part of the last valid spec file; empty while there never was one."""
        found: Mapping[str, Any] = (self.status.model.spec or {}).get("spec", {})
        return found

    @property
    def live_view(self) -> VersionView | None:
        """The live version."""
        number = self.status.live_version
        return next((view for view in self.versions if view.version.number == number), None)

    @property
    def costs(self) -> Sequence[Cost]:
        """What the newest version was planned to cost, and what it did cost."""
        return costs_of(self.versions[0].version) if self.versions else ()

    @property
    def measured(self) -> VersionView | None:
        """The newest version with evidence."""
        return next((view for view in self.versions if view.evaluation is not None), None)

    @property
    def judged(self) -> VersionView | None:
        """The newest version with verdicts."""
        return _judged(self.versions)


def read_overview_page(session: Session) -> OverviewPage:
    """Read what the overview shows."""
    statuses = list_statuses(session)
    return OverviewPage(
        statuses=statuses,
        counts=Counter(health_of(status).word for status in statuses),
        sources=list_sources(session),
        events=list_events(session, limit=SHOWN_EVENTS)[::-1],
    )


def read_model_page(session: Session, name: str) -> ModelPage:
    """Read what a model's page shows.

    Raises:
        NotFoundError: there is no such model.
    """
    status = read_status(session, name)
    versions = read_versions(session, name)
    live = find_alias(session, name, LIVE)
    previous = find_alias(session, name, PREVIOUS)
    run = status.run
    judged = _judged(versions[::-1])
    return ModelPage(
        status=status,
        versions=versions[::-1],
        metrics=_headline(versions),
        search=read_search(session, name),
        plots=plot_metrics(versions, status.model.spec or {}),
        curves=draw_curves(read_points(session, versions[-1].version.run_id)) if versions else (),
        live=live,
        log=() if run is None else tail_log(session, run.id, limit=SHOWN_LINES),
        signals=() if live is None else latest_signals(session, name, live.version),
        requests=0 if live is None else count_observations(session, name, live.version),
        events=list_events(session, model=name, limit=SHOWN_EVENTS)[::-1],
        held_out=read_held_out(session, status.model, judged.evaluation if judged else None),
        rollback_to=_undo_target(versions, previous),
    )


def _judged(newest_first: Sequence[VersionView]) -> VersionView | None:
    return next((view for view in newest_first if view.gates is not None), None)


def _headline(versions: Sequence[VersionView]) -> list[str]:
    measured = {name for view in versions if view.evaluation for name in view.evaluation.metrics}
    order = dict.fromkeys((*_HEADLINE, *sorted(measured)))
    return [name for name in order if name in measured][:_TABLE_METRICS]


def _undo_target(versions: Sequence[VersionView], previous: AliasRecord | None) -> int | None:
    for view in versions:
        if previous is not None and view.version.number == previous.version:
            is_bad = view.state is VersionState.QUARANTINED
            return None if is_bad else previous.version
    return None
