"""Trial and choose: the steps of a search. They set ``Trained`` as a plain training does.

A trial is a run like any other: it is adopted, resumed and recorded by the same code. That one
fails ends only that trial. When all have ended, the best one's files become the version.
"""

import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from controller.actions import Choose, Trial
from controller.context import Context
from controller.desired import Concrete, make_concrete
from controller.outcomes import Done, Outcome, Stalled, Waiting
from controller.search.choice import as_lineage
from controller.search.proposals import propose
from controller.steps.declared_labels import unknown_outcome
from controller.steps.run import Record, RunRequest, advance
from controller.steps.train import (
    base_in_lineage,
    data_report,
    planned_costs,
    register,
    training_job,
)
from registry.artifacts.folders import put_folder, refuse_pickles
from registry.records import Failure, Files, RunKind, RunRecord, VersionDraft
from registry.store import runs, trials, versions
from registry.store.database import Session
from registry.trial_records import TrialDraft, TrialRecord, TrialState
from specs.digest import Inputs
from specs.searching import metric_of

NO_SUCH_VALUE = "NoValidationRows"


def trial(context: Context, action: Trial) -> Outcome:
    """Propose what is tried next, or carry the run of what was proposed one look further."""
    if not _has_validation_rows(context):
        fix = "raise data.validation.split, or name a file with rows in data.validation"
        problem = "a search goes by the validation rows, and there are none"
        return Stalled(Failure(NO_SUCH_VALUE, problem, fix))
    unknown = unknown_outcome(context)
    if unknown is not None:
        return Stalled(unknown)
    if action.digest is None:
        _propose(context, action)
        return Done()
    record = _record_of(context, action.number)
    request = RunRequest(
        RunKind.TRIAL,
        record.digest,
        make_job=lambda: _job(context, record),
        collect=lambda output, _result: _collect(output),
    )
    outcome = advance(context, request)
    match outcome:
        case Stalled():
            return Done()  # the run says why; the search goes on without this trial
        case Waiting(on=on):
            return replace(outcome, on=f"trial {action.number} of {action.of}: {on}")
        case _:
            return outcome


def choose(context: Context, action: Choose) -> Outcome:
    """Register the best trial as the version of the search, and remove the others' files."""
    assert action.number is not None, "the plan tries all before it chooses"
    best = _record_of(context, action.number)
    files, lineage, measured = _made_by(context, best)
    found = _concrete(context, best)
    draft = VersionDraft(
        model=context.model,
        training_digest=action.digest,
        revision=context.desired.revision,
        run_id=best.run_id or _version_of(context, best).run_id,
        files=files,
        lineage={
            "inputs": found.inputs,
            "base": base_in_lineage(found.base),
            "data": dict(context.desired.hashes),
            **lineage,
            **data_report(context),
            runs.GATES: _gates_at_start(context),
            "search": {
                "inputs": context.desired.training_inputs,
                **as_lineage(context.observed.trials, best),
            },
        },
        training=measured | _costs(context, best),
    )
    # Before the record: which trial is best stands in the records, and its files are stored by now.
    _remove_files(context)
    message = f"version {{}} is trial {best.number}: {action.why}"
    with context.tools.database.transaction() as session:
        register(context, session, draft, trigger=context.trigger, message=message)
    return Done()


def _has_validation_rows(context: Context) -> bool:
    rows = context.tools.prepared(context.desired) / "validation.jsonl"
    return rows.is_file() and rows.stat().st_size > 0


def _propose(context: Context, action: Trial) -> None:
    """Record the next proposals, up to one that has to be trained."""
    spec = context.desired.model.spec
    before = context.observed.trials
    for number in range(action.number, action.of + 1):
        base, values = propose(spec, before, number)
        draft = TrialDraft(
            model=context.model,
            search_digest=action.search_digest,
            number=number,
            of=action.of,
            digest=make_concrete(context.desired, base, values).digest,
            base=base,
            parameters=values,
            metric=metric_of(spec),
        )
        with context.tools.database.transaction() as session:
            trials.record_trial(session, draft, now=context.tools.clock())
            before = tuple(trials.list_trials(session, context.model, action.search_digest))
        if not before[-1].has_ended:
            return


def _job(context: Context, record: TrialRecord) -> Mapping[str, Any]:
    found = _concrete(context, record)
    search = context.desired.model.spec.training.search
    curves = [
        list(one.curve)
        for one in context.observed.trials
        if one.number != record.number and one.state in {TrialState.SUCCEEDED, TrialState.PRUNED}
    ]
    return training_job(context, found.spec.training, found.base) | {
        "trial": {
            "search": record.search_digest,
            "number": record.number,
            "metric": record.metric,
            "pruner": search.pruner if search is not None else "none",
            "curves": curves,
            "features": str(_features(context)),
        }
    }


def _concrete(context: Context, record: TrialRecord) -> Concrete:
    found = make_concrete(context.desired, record.base, record.parameters)
    assert found.digest == record.digest, "a search digest stands for one set of inputs"
    return found


def _record_of(context: Context, number: int) -> TrialRecord:
    return next(trial for trial in context.observed.trials if trial.number == number)


def _features(context: Context) -> Path:
    """Where the trials of this model keep features of the frozen base, for each other."""
    return context.tools.settings.home.absolute() / "features" / context.model


def _collect(output: Path) -> Record:
    # Nothing goes on from a trial that has ended; its output waits for the choice.
    shutil.rmtree(output.parent / "checkpoints", ignore_errors=True)

    def record(_session: Session, _run: RunRecord, _result: Mapping[str, Any]) -> None:
        """Nothing beside the run itself: a trial's value is part of its result."""

    return record


def _made_by(context: Context, best: TrialRecord) -> tuple[Files, Inputs, Inputs]:
    """The best trial's files, and its run's part of the lineage and what it measured."""
    if best.run_id is None:
        version = _version_of(context, best)
        kept = {name: version.lineage[name] for name in ("libraries", "machine")}
        return version.files, kept, dict(version.training)
    with context.tools.database.reading() as session:
        result = runs.get_run(session, best.run_id).result
    assert result is not None, "it succeeded"
    output = context.tools.run_folder(best.run_id) / "output"
    refuse_pickles(output)
    kept = {name: result[name] for name in ("libraries", "machine")}
    return put_folder(context.tools.artifacts, output), kept, dict(result["training"])


def _costs(context: Context, best: TrialRecord) -> Inputs:
    """What one training was said to take, beside what this one took."""
    with context.tools.database.reading() as session:
        return {"run_seconds": best.seconds, "planned": planned_costs(session, context.desired)}


def _gates_at_start(context: Context) -> str | None:
    """Digest of the gates that were declared when the first training of the search started."""
    for one in context.observed.trials:
        if one.run_id is not None and not one.is_reused:
            with context.tools.database.reading() as session:
                found: str | None = runs.get_run(session, one.run_id).job.get(runs.GATES)
            return found
    return context.desired.digests.criteria  # nothing was trained for it


def _version_of(context: Context, best: TrialRecord) -> Any:
    assert best.version is not None
    with context.tools.database.reading() as session:
        return versions.get_version(session, context.model, best.version)


def _remove_files(context: Context) -> None:
    for record in context.observed.trials:
        if record.run_id is not None:
            folder = context.tools.run_folder(record.run_id)
            for name in ("output", "checkpoints"):
                _remove(folder / name)
    _remove(_features(context))


def _remove(folder: Path) -> None:
    """At once, as others see it: what is half removed never looks like what is whole."""
    gone = folder.with_name(f"{folder.name}.removed")
    shutil.rmtree(gone, ignore_errors=True)
    if folder.is_dir():
        folder.rename(gone)
    shutil.rmtree(gone, ignore_errors=True)
