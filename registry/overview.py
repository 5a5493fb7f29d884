"""What people ask of the registry, put together from its tables: for the API and the pages."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from registry.evidence import HeldOutFile, SideBySide, side_by_side
from registry.records import (
    Estimate,
    EvaluationRecord,
    GateReport,
    HoldRecord,
    ModelRecord,
    RunRecord,
    VersionRecord,
)
from registry.store.aliases import list_aliases, list_live
from registry.store.conditions import read_all_conditions, read_conditions
from registry.store.database import Session
from registry.store.evaluations import (
    count_candidates,
    latest_evaluation,
    latest_evaluations,
)
from registry.store.holds import find_hold, list_holds, list_quarantined
from registry.store.models import get_model, list_models
from registry.store.runs import find_running, list_running
from registry.store.standings import list_standings, standing_evaluation, standing_report
from registry.store.trials import latest_search, list_trials
from registry.store.verdicts import latest_gate_report, latest_gate_reports
from registry.store.versions import find_version, get_version, list_versions
from registry.studies import by_subject
from registry.trial_records import TrialRecord
from registry.version_state import VersionState, version_state
from specs.conditions import Condition, ConditionType
from specs.data import DEFAULT_WARN_AFTER
from specs.names import LIVE, Digest


@dataclass(frozen=True)
class ModelStatus:
    """A model now: what is wanted, what is, and what it waits for."""

    model: ModelRecord
    live_version: int | None
    conditions: Mapping[ConditionType, Condition]
    hold: HoldRecord | None
    run: RunRecord | None
    """The active run."""

    @property
    def task(self) -> str | None:
        """The task of the last valid spec."""
        spec = (self.model.spec or {}).get("spec", self.model.spec or {})
        task = spec.get("task")
        return task if isinstance(task, str) else None


@dataclass(frozen=True)
class VersionView:
    """A version with the evidence about it."""

    version: VersionRecord
    state: VersionState
    aliases: tuple[str, ...]
    evaluation: EvaluationRecord | None
    gates: GateReport | None

    @property
    def rows(self) -> SideBySide | None:
        """Its metrics on all held-out rows beside the clean rest; None without near twins."""
        return side_by_side(self.evaluation)

    def by_subject(self, study: str) -> dict[str, dict[str, Estimate]]:
        """What a study measured: subject → quantity → estimate; empty where it did not run."""
        return {} if self.evaluation is None else by_subject(self.evaluation.metrics, study)


@dataclass(frozen=True)
class SearchView:
    """One search: its trials, and the version that it ended in."""

    search: Digest | None
    """The training digest it ends in; None when there was no search."""
    version: int | None
    chosen: int | None
    """The number of the trial that became the version."""
    trials: Sequence[TrialRecord]

    @property
    def of(self) -> int:
        """How many trials there are to be."""
        return self.trials[0].of if self.trials else 0

    @property
    def metric(self) -> str | None:
        """What the search goes by."""
        return self.trials[0].metric if self.trials else None


def read_search(session: Session, model: str, version: int | None = None) -> SearchView:
    """The newest search of a model, or the one that ``version`` came from.

    Raises:
        NotFoundError: there is no such model or version.
    """
    get_model(session, model)
    if version is not None:
        digest: Digest | None = get_version(session, model, version).training_digest
    else:
        digest = latest_search(session, model)
    trials = [] if digest is None else list_trials(session, model, digest)
    if digest is None or not trials:
        return SearchView(None, None, None, [])
    made = find_version(session, model, digest)
    lineage = {} if made is None else made.lineage.get("search", {})
    number = None if made is None else made.number
    return SearchView(digest, number, lineage.get("chosen"), trials)


def read_status(session: Session, name: str) -> ModelStatus:
    """Return one model's status.

    Raises:
        NotFoundError: there is no such model.
    """
    model = get_model(session, name)
    aliases = {alias.alias: alias.version for alias in list_aliases(session, name)}
    return ModelStatus(
        model=model,
        live_version=aliases.get(LIVE),
        conditions=read_conditions(session, name),
        hold=find_hold(session, name),
        run=find_running(session, name),
    )


def list_statuses(session: Session) -> list[ModelStatus]:
    """All models' status, by name, in a number of queries that does not grow with them."""
    live = {alias.model: alias.version for alias in list_live(session)}
    holds = {hold.model: hold for hold in list_holds(session)}
    runs = {run.model: run for run in list_running(session)}
    conditions = read_all_conditions(session)
    return [
        ModelStatus(
            model=model,
            live_version=live.get(model.name),
            conditions=conditions.get(model.name, {}),
            hold=holds.get(model.name),
            run=runs.get(model.name),
        )
        for model in list_models(session)
    ]


def read_versions(session: Session, model: str) -> list[VersionView]:
    """All versions of a model with their evidence, oldest first.

    Raises:
        NotFoundError: there is no such model.
    """
    get_model(session, model)
    names = _names_by_version(session, model)
    quarantined = {record.training_digest for record in list_quarantined(session, model)}
    standings = list_standings(session, model)
    evaluations = {
        number: standing_evaluation(session, newest, standings.get(number))
        for number, newest in latest_evaluations(session, model).items()
    }
    reports = {
        number: standing_report(session, newest, standings.get(number))
        for number, newest in latest_gate_reports(session, model).items()
    }
    return [
        _view(
            version,
            aliases=names.get(version.number, ()),
            is_quarantined=version.training_digest in quarantined,
            evaluation=evaluations.get(version.number),
            gates=reports.get(version.number),
        )
        for version in list_versions(session, model)
    ]


def read_version(session: Session, model: str, number: int) -> VersionView:
    """Return one version with its evidence.

    Raises:
        NotFoundError: there is no such model or version.
    """
    get_model(session, model)
    version = get_version(session, model, number)
    quarantined = {record.training_digest for record in list_quarantined(session, model)}
    standing = list_standings(session, model).get(number)
    evaluation = latest_evaluation(session, model, number)
    report = latest_gate_report(session, model, number)
    return _view(
        version,
        aliases=_names_by_version(session, model).get(number, ()),
        is_quarantined=version.training_digest in quarantined,
        evaluation=evaluation and standing_evaluation(session, evaluation, standing),
        gates=report and standing_report(session, report, standing),
    )


def read_held_out(
    session: Session, model: ModelRecord, evaluation: EvaluationRecord | None
) -> HeldOutFile | None:
    """How often the file that a version was measured on has judged; None when not known."""
    if evaluation is None or evaluation.test_digest is None:
        return None
    data = ((model.spec or {}).get("spec") or {}).get("data") or {}
    return HeldOutFile(
        digest=evaluation.test_digest,
        candidates=count_candidates(session, evaluation.test_digest),
        warn_after=data.get("warn_after_candidates", DEFAULT_WARN_AFTER),
    )


def _names_by_version(session: Session, model: str) -> dict[int, tuple[str, ...]]:
    names: dict[int, tuple[str, ...]] = {}
    for alias in list_aliases(session, model):
        names[alias.version] = (*names.get(alias.version, ()), alias.alias)
    return names


def _view(
    version: VersionRecord,
    *,
    aliases: tuple[str, ...],
    is_quarantined: bool,
    evaluation: EvaluationRecord | None,
    gates: GateReport | None,
) -> VersionView:
    state = version_state(
        aliases=aliases, is_quarantined=is_quarantined, gates=gates, evaluation=evaluation
    )
    return VersionView(version, state, aliases, evaluation, gates)
