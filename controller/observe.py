"""Look at everything the registry knows that bears on one model. Reads only."""

from collections.abc import Callable, Iterable
from datetime import datetime
from itertools import islice
from pathlib import Path

from controller.data.held_out import count_held_out
from controller.desired import evaluation_digest
from controller.gates.reach import refusal
from controller.state import Desired, Judged, Observed
from controller.verification import fails
from registry.records import (
    EvaluationRecord,
    Failure,
    GateReport,
    RunKind,
    RunState,
    VersionRecord,
)
from registry.store import (
    aliases,
    evaluations,
    holds,
    predictions,
    runs,
    signals,
    standings,
    trials,
    verdicts,
    versions,
)
from registry.store.database import Session
from registry.trial_records import TrialRecord
from specs.names import LIVE, Digest, Revision

MOST_TRIED = 5
"""Earlier versions that an undo by policy measures at most: a mistake in the held-out rows fails
them all."""

IsInHistory = Callable[[Revision], bool]


def observe(
    session: Session,
    desired: Desired,
    *,
    prepared: Path,
    run_folder: Callable[[str], Path],
    is_in_history: IsInHistory,
    forgiven_before: datetime | None,
) -> Observed:
    """Read the observed state of ``desired``'s model.

    ``prepared`` is the folder that complete rows of the wanted data digest would stand in, and
    ``run_folder`` says where the job of a run works.
    Failures of runs that ended before ``forgiven_before`` no longer stand in the way: somebody
    asked for another try. Nor do those of runs with another ``compute`` than is wanted now.
    """
    name = desired.name
    live = aliases.find_alias(session, name, LIVE)
    live_version = versions.get_version(session, name, live.version) if live else None
    judged_live = _judged(session, desired, live_version)
    hold = holds.find_hold(session, name)
    quarantined = frozenset(one.training_digest for one in holds.list_quarantined(session, name))
    release = holds.find_release_to_write(session, name)
    wanted = versions.find_version(session, name, desired.digests.training)
    # Most often the wanted version is live: what is known of it is read once.
    is_live = wanted is not None and wanted == live_version
    judged_wanted = judged_live if is_live else _judged(session, desired, wanted)
    compared = _compared(session, desired, judged_live)
    earlier = _earlier(session, desired, judged_live, quarantined)
    tried = _trials(session, desired, forgiven_before) if wanted is None else ()
    return Observed(
        wanted=judged_wanted,
        live=judged_live,
        pinned=_pinned(session, desired, hold.version if hold else None),
        compared=compared,
        earlier=earlier,
        standings=standings.list_standings(session, name),
        candidates=evaluations.count_candidates(session, desired.test_digest),
        hold=hold,
        hold_is_in_git=bool(hold and hold.written_back and is_in_history(hold.written_back)),
        release=release,
        release_is_fetched=bool(
            release and (release.written_back is None or is_in_history(release.written_back))
        ),
        quarantined=quarantined,
        running=runs.find_running(session, name),
        is_estimated=_is_estimated(session, desired),
        data_is_prepared=(prepared / "report.json").exists(),
        unshowable=_unshowable(desired, prepared) if wanted is None else None,
        trials=tried,
        kept_trials=frozenset(trial.number for trial in tried if _has_files(trial, run_folder)),
        failures=_failures(
            session, desired, (judged_live, *compared.values(), *earlier), forgiven_before
        ),
        signals=tuple(signals.latest_signals(session, name, live.version)) if live else (),
        requests=predictions.count_observations(session, name, live.version) if live else 0,
    )


def _unshowable(desired: Desired, prepared: Path) -> Failure | None:
    """Hold the gates against the rows that they would be judged on, once these are known."""
    if not (prepared / "test.jsonl").exists():
        return None
    spec = desired.model.spec
    held = count_held_out(prepared, spec.data.checks.near_leakage)
    return refusal(spec.gates, held, desired.gate_places)


def _is_estimated(session: Session, desired: Desired) -> bool:
    run = runs.latest_run(session, desired.name, RunKind.ESTIMATE, desired.digests.estimate)
    return run is not None and run.state is RunState.SUCCEEDED


def _judged(session: Session, desired: Desired, version: VersionRecord | None) -> Judged | None:
    if version is None:
        return None
    digest = evaluation_digest(
        desired.model.spec, {**desired.hashes, **desired.own_hashes}, version.training_digest
    )
    evaluation = evaluations.find_evaluation(session, version.model, digest)
    measured = evaluation or evaluations.find_measured(
        session, version.model, version.number, desired.digests.measurement
    )
    verification = _report(session, desired, measured)
    return Judged(
        version=version,
        evaluation_digest=digest,
        evaluation=evaluation,
        report=verification if evaluation is not None else None,
        has_ever_passed=verdicts.has_ever_passed(session, version.model, version.number),
        measured=measured,
        verification=verification,
    )


def _report(
    session: Session, desired: Desired, measured: EvaluationRecord | None
) -> GateReport | None:
    if measured is None:
        return None
    return verdicts.find_gate_report(
        session,
        measured.model,
        measured.version,
        gates_digest=desired.digests.gates,
        evaluation_digest=measured.evaluation_digest,
    )


def _compared(session: Session, desired: Desired, live: Judged | None) -> dict[str | int, Judged]:
    found: dict[str | int, Judged] = {}
    for name in desired.compares_with:
        judged = live if name == LIVE else _judged(session, desired, _named(session, desired, name))
        if judged is not None:
            found[name] = judged
    return found


def _named(session: Session, desired: Desired, name: str | int) -> VersionRecord | None:
    if isinstance(name, int):
        return versions.find_number(session, desired.name, name)
    alias = aliases.find_alias(session, desired.name, name)
    return None if alias is None else versions.get_version(session, desired.name, alias.version)


def _earlier(
    session: Session, desired: Desired, live: Judged | None, quarantined: frozenset[Digest]
) -> tuple[Judged, ...]:
    """Find where an undo by policy may go: once passed, not in quarantine, newest first."""
    policy = desired.model.spec.promotion.on_failed_reverification
    if policy != "rollback" or live is None or not fails(live.verification):
        return ()
    before = (
        version
        for version in reversed(versions.list_versions(session, desired.name))
        if version.number < live.version.number and version.training_digest not in quarantined
    )
    found = (judged for version in before if (judged := _judged(session, desired, version)))
    return tuple(islice((one for one in found if one.has_ever_passed), MOST_TRIED))


def _pinned(session: Session, desired: Desired, held: int | None) -> Judged | None:
    number = held if held is not None else desired.model.spec.promotion.pin
    if number is None:
        return None
    return _judged(session, desired, versions.find_number(session, desired.name, number))


def _trials(
    session: Session, desired: Desired, forgiven_before: datetime | None
) -> tuple[TrialRecord, ...]:
    if not desired.trial_count:
        return ()
    digest = desired.digests.training
    return tuple(
        trials.list_trials(
            session,
            desired.name,
            digest,
            forgiven_before=forgiven_before,
            compute=desired.compute,
        )
    )


def _has_files(trial: TrialRecord, run_folder: Callable[[str], Path]) -> bool:
    is_kept = trial.run_id is not None and (run_folder(trial.run_id) / "output").is_dir()
    return is_kept or trial.version is not None


def _failures(
    session: Session,
    desired: Desired,
    others: Iterable[Judged | None],
    forgiven_before: datetime | None,
) -> dict[Digest, Failure]:
    stages = [
        (RunKind.DATA, desired.digests.data),
        (RunKind.ESTIMATE, desired.digests.estimate),
        (RunKind.TRAIN, desired.digests.training),
        (RunKind.EVALUATE, desired.digests.evaluation),
    ]
    measured = (other.evaluation_digest for other in others if other is not None)
    stages += [(RunKind.EVALUATE, digest) for digest in measured]
    failures = {}
    for kind, digest in dict.fromkeys(stages):
        run = runs.latest_run(session, desired.name, kind, digest)
        if run is None or run.failure is None:
            continue
        if runs.stands_in_the_way(run, forgiven_before=forgiven_before, compute=desired.compute):
            failures[digest] = run.failure
    return failures
