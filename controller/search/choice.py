"""The best trial of a search, and what is said of all of them. Pure."""

from collections.abc import Iterable, Sequence

from registry.records import Failure, Json
from registry.trial_records import TrialRecord, TrialState
from specs.evaluation import LOWER_IS_BETTER


def best(trials: Iterable[TrialRecord]) -> TrialRecord | None:
    """The trial with the best value on the validation rows; of equals the earlier one."""
    chosen: TrialRecord | None = None
    for trial in sorted(trials, key=lambda trial: trial.number):
        if trial.state is TrialState.SUCCEEDED and (chosen is None or _is_better(trial, chosen)):
            chosen = trial
    return chosen


def why_none(trials: Sequence[TrialRecord]) -> Failure:
    """Say why no trial of a search gave a model: each reason once, the most common first."""
    failures = [trial.failure for trial in trials if trial.failure is not None]
    counts: dict[str, int] = {}
    for failure in failures:
        counts[failure.reason] = counts.get(failure.reason, 0) + 1
    said = ", ".join(
        f"{reason} ({count})" for reason, count in sorted(counts.items(), key=lambda one: -one[1])
    )
    told = next((failure for failure in failures if failure.fix), None)
    last = f"; the first: {failures[0].message}" if failures else ""
    problem = f"none of the {len(trials)} trials gave a model: {said or 'all were pruned'}{last}"
    return Failure("AllTrialsFailed", problem, told.fix if told is not None else None)


def as_lineage(trials: Sequence[TrialRecord], chosen: TrialRecord) -> Json:
    """The search as a version's lineage keeps it: every trial, and which one it was."""
    return {
        "metric": chosen.metric,
        "chosen": chosen.number,
        "digest": chosen.digest,
        "trials": [
            {
                "number": trial.number,
                "base": trial.base,
                "parameters": dict(trial.parameters),
                "state": trial.state.value,
                "value": trial.value,
                "run": trial.run_id,
                "digest": trial.digest,
            }
            for trial in trials
        ],
    }


def _is_better(one: TrialRecord, other: TrialRecord) -> bool:
    assert one.value is not None
    assert other.value is not None
    is_lower = one.value < other.value
    return is_lower if one.metric in LOWER_IS_BETTER else one.value > other.value
