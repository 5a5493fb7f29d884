"""What the training that a plan asks for will cost, found out without changing the registry.

What a controller has said already is read from its run. Else the rows are pulled and checked, and
the cost job runs, in a temporary folder: the same jobs as the controller's own.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from controller.actions import EstimateCost, Plan, Stall, Train, Trial
from controller.context import Tools
from controller.executors.foreground import Tell, run_here
from controller.state import Desired, Observed
from controller.steps.data import data_job
from controller.steps.estimate import cost_job
from controller.steps.train import planned_costs
from registry.records import Failure, RunKind


@dataclass(frozen=True)
class Planned:
    """What the training was found to cost."""

    costs: Mapping[str, Any]


@dataclass(frozen=True)
class Refused:
    """Why it cannot be trained: a row that does not fit, or memory that does not suffice."""

    failure: Failure


@dataclass(frozen=True)
class NothingSpent:
    """Nothing is trained."""

    why: str


Forecast = Planned | Refused | NothingSpent


def forecast(
    tools: Tools, desired: Desired, observed: Observed, plan: Plan, *, tell: Tell
) -> Forecast:
    """Find out what ``plan`` will spend on training."""
    stalled = next((action for action in plan if isinstance(action, Stall)), None)
    if stalled is not None:
        return Refused(stalled.failure)
    if not any(isinstance(action, EstimateCost | Train | Trial) for action in plan):
        return NothingSpent(_why_nothing(observed))
    with tools.database.reading() as session:
        known = planned_costs(session, desired)
    if known is not None:
        return Planned(known)
    with TemporaryDirectory(prefix="trueup-plan-") as place:
        return _find_out(tools, desired, Path(place), tell)


def _why_nothing(observed: Observed) -> str:
    if observed.wanted is None:
        return "nothing is trained"
    number = observed.wanted.version.number
    return f"nothing is trained: version {number} has this training digest already"


def _find_out(tools: Tools, desired: Desired, place: Path, tell: Tell) -> Forecast:
    prepared = tools.prepared(desired)
    if not (prepared / "report.json").exists():
        prepared = place / "prepared"
        job = data_job(tools, desired) | {"prepared": str(prepared)}
        found = run_here(RunKind.DATA, place / "data", job, tell=tell)
        if isinstance(found, Failure):
            return Refused(found)
    job = cost_job(tools, desired) | {"prepared": str(prepared)}
    found = run_here(RunKind.ESTIMATE, place / "costs", job, tell=tell)
    return Refused(found) if isinstance(found, Failure) else Planned(found["costs"])
