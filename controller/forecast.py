"""What a training will cost and its gates can show, found out without changing the registry.

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
from controller.data.held_out import HeldOut, count_held_out
from controller.executors.foreground import Tell, run_here
from controller.gates.power import Known, Power, known_from, power_of
from controller.gates.reach import refusal
from controller.state import Desired, Observed
from controller.steps.data import data_job
from controller.steps.estimate import cost_job
from controller.steps.train import planned_costs
from registry.records import EvaluationRecord, Failure, RunKind
from registry.store import verdicts
from registry.store.database import Session


@dataclass(frozen=True)
class Planned:
    """What the training was found to cost."""

    costs: Mapping[str, Any]
    power: tuple[Power, ...] = ()
    """What the gates can show over the test rows; empty: their number is not known here."""


@dataclass(frozen=True)
class Refused:
    """Why it is not trained: a row that does not fit, memory, or a gate that nothing can pass."""

    failure: Failure
    power: tuple[Power, ...] = ()


@dataclass(frozen=True)
class NothingSpent:
    """Nothing is trained."""

    why: str
    power: tuple[Power, ...] = ()


Forecast = Planned | Refused | NothingSpent


def forecast(
    tools: Tools, desired: Desired, observed: Observed, plan: Plan, *, tell: Tell
) -> Forecast:
    """Find out what ``plan`` will spend on training, and what its gates can show."""
    with tools.database.reading() as session:
        costs = planned_costs(session, desired)
        known = _known(session, observed)
    stalled = next((action for action in plan if isinstance(action, Stall)), None)
    power = _power(desired, observed, known, tools.prepared(desired))
    if stalled is not None:
        return Refused(stalled.failure, power)
    if not any(isinstance(action, EstimateCost | Train | Trial) for action in plan):
        return NothingSpent(_why_nothing(observed), power)
    if costs is not None:
        return Planned(costs, power)
    with TemporaryDirectory(prefix="trueup-plan-") as place:
        return _find_out(tools, (desired, observed, known), Path(place), tell)


def _known(session: Session, observed: Observed) -> Known:
    """What the live version's evidence says of how much the metrics vary, or the wanted one's."""
    of = observed.live or observed.wanted
    if of is None:
        return Known()
    report = verdicts.latest_gate_report(session, of.version.model, of.version.number)
    return known_from(of.evaluation, report)


def _power(desired: Desired, observed: Observed, known: Known, prepared: Path) -> tuple[Power, ...]:
    """What the gates can show over the prepared rows, or over those of the last evaluation."""
    spec, of = desired.model.spec, observed.wanted or observed.live
    if (prepared / "test.jsonl").exists():
        held = count_held_out(prepared, spec.data.checks.near_leakage)
    elif of is not None and of.evaluation is not None:
        held = _held_by(of.evaluation)
    else:
        return ()
    return power_of(spec.gates, held, known)


def _held_by(evaluation: EvaluationRecord) -> HeldOut:
    rows: int = evaluation.report.get("rows", 0)
    sizes = {
        name: max((found.n for found in measured.values()), default=0)
        for name, measured in evaluation.slices.items()
    }
    return HeldOut(rows, sizes)


def _why_nothing(observed: Observed) -> str:
    if observed.wanted is None:
        return "nothing is trained"
    number = observed.wanted.version.number
    return f"nothing is trained: version {number} has this training digest already"


def _find_out(
    tools: Tools, known: tuple[Desired, Observed, Known], place: Path, tell: Tell
) -> Forecast:
    desired = known[0]
    prepared = tools.prepared(desired)
    if not (prepared / "report.json").exists():
        prepared = place / "prepared"
        job = data_job(tools, desired) | {"prepared": str(prepared)}
        found = run_here(RunKind.DATA, place / "data", job, tell=tell)
        if isinstance(found, Failure):
            return Refused(found)
    power = _power(*known, prepared)
    spec = desired.model.spec
    held = count_held_out(prepared, spec.data.checks.near_leakage)
    hopeless = refusal(spec.gates, held, desired.gate_places)
    if hopeless is not None:
        return Refused(hopeless, power)
    job = cost_job(tools, desired) | {"prepared": str(prepared)}
    found = run_here(RunKind.ESTIMATE, place / "costs", job, tell=tell)
    return Refused(found, power) if isinstance(found, Failure) else Planned(found["costs"], power)
