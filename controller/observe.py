"""Look at everything the registry knows that bears on one model. Reads only."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from controller.desired import evaluation_digest
from controller.state import Desired, Judged, Observed
from registry.records import Failure, RunKind, RunState, VersionRecord
from registry.store import (
    aliases,
    evaluations,
    holds,
    predictions,
    runs,
    signals,
    trials,
    verdicts,
    versions,
)
from registry.store.database import Session
from registry.trial_records import TrialRecord
from specs.names import LIVE, Digest, Revision

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
    release = holds.find_release_to_write(session, name)
    wanted = versions.find_version(session, name, desired.digests.training)
    tried = _trials(session, desired, forgiven_before) if wanted is None else ()
    return Observed(
        wanted=_judged(session, desired, wanted),
        live=judged_live,
        pinned=_pinned(session, desired, hold.version if hold else None),
        hold=hold,
        hold_is_in_git=bool(hold and hold.written_back and is_in_history(hold.written_back)),
        release=release,
        release_is_fetched=bool(
            release and (release.written_back is None or is_in_history(release.written_back))
        ),
        quarantined=frozenset(
            record.training_digest for record in holds.list_quarantined(session, name)
        ),
        running=runs.find_running(session, name),
        is_estimated=_is_estimated(session, desired),
        data_is_prepared=(prepared / "report.json").exists(),
        trials=tried,
        kept_trials=frozenset(trial.number for trial in tried if _has_files(trial, run_folder)),
        failures=_failures(session, desired, judged_live, forgiven_before),
        signals=tuple(signals.latest_signals(session, name, live.version)) if live else (),
        requests=predictions.count_observations(session, name, live.version) if live else 0,
    )


def _is_estimated(session: Session, desired: Desired) -> bool:
    run = runs.latest_run(session, desired.name, RunKind.ESTIMATE, desired.digests.estimate)
    return run is not None and run.state is RunState.SUCCEEDED


def _judged(session: Session, desired: Desired, version: VersionRecord | None) -> Judged | None:
    if version is None:
        return None
    digest = evaluation_digest(
        desired.model.spec, {**desired.hashes, **desired.own_hashes}, version.training_digest
    )
    return Judged(
        version=version,
        evaluation_digest=digest,
        evaluation=evaluations.find_evaluation(session, version.model, digest),
        report=verdicts.find_gate_report(
            session,
            version.model,
            version.number,
            gates_digest=desired.digests.gates,
            evaluation_digest=digest,
        ),
        has_ever_passed=verdicts.has_ever_passed(session, version.model, version.number),
    )


def _pinned(session: Session, desired: Desired, held: int | None) -> Judged | None:
    number = held if held is not None else desired.model.spec.promotion.pin
    if number is None:
        return None
    found = [
        version
        for version in versions.list_versions(session, desired.name)
        if version.number == number
    ]
    return _judged(session, desired, found[0]) if found else None


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
    session: Session, desired: Desired, live: Judged | None, forgiven_before: datetime | None
) -> dict[Digest, Failure]:
    stages = [
        (RunKind.DATA, desired.digests.data),
        (RunKind.ESTIMATE, desired.digests.estimate),
        (RunKind.TRAIN, desired.digests.training),
        (RunKind.EVALUATE, desired.digests.evaluation),
    ]
    if live is not None:
        stages.append((RunKind.EVALUATE, live.evaluation_digest))
    failures = {}
    for kind, digest in stages:
        run = runs.latest_run(session, desired.name, kind, digest)
        if run is None or run.failure is None:
            continue
        if runs.stands_in_the_way(run, forgiven_before=forgiven_before, compute=desired.compute):
            failures[digest] = run.failure
    return failures
