"""What the training that a plan asks for will cost, found out without changing the registry.

What a controller has said already is read from its run. Else the rows are pulled and checked, and
the cost job runs, in a temporary folder: the same jobs as the controller's own.
"""

import json
import subprocess
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from controller.actions import EstimateCost, Plan, Stall, Train, Trial
from controller.context import Tools
from controller.executors.base import Job
from controller.executors.local import MODULES
from controller.executors.output import read_output
from controller.state import Desired, Observed
from controller.steps.data import data_job
from controller.steps.estimate import cost_job
from controller.steps.train import planned_costs
from registry.records import Failure, Progress, RunKind

LOOK_SECONDS = 0.1

Tell = Callable[[str, Progress], None]
"""Called as work goes on, with what is done."""


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
        found = _run(RunKind.DATA, place / "data", job, tell=tell)
        if isinstance(found, Failure):
            return Refused(found)
    job = cost_job(tools, desired) | {"prepared": str(prepared)}
    found = _run(RunKind.ESTIMATE, place / "costs", job, tell=tell)
    return Refused(found) if isinstance(found, Failure) else Planned(found["costs"])


def _run(
    kind: RunKind, folder: Path, job: Mapping[str, Any], *, tell: Tell
) -> Mapping[str, Any] | Failure:
    """Run one job to its end, in the foreground."""
    folder.mkdir()
    (folder / "job.json").write_text(json.dumps(job))
    command = [sys.executable, "-m", MODULES[kind], str(folder)]
    seen: Job = {}
    with (
        (folder / "log.txt").open("wb") as log,
        subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log) as process,
    ):
        try:
            while process.poll() is None:
                output = read_output(folder, seen)
                seen = output.job
                if output.progress is not None:
                    tell(kind, output.progress)
                with suppress(subprocess.TimeoutExpired):
                    process.wait(LOOK_SECONDS)
        finally:
            process.kill()
    if not (folder / "result.json").exists():
        last = (folder / "log.txt").read_text(errors="replace").splitlines()[-1:]
        problem = f"the {kind} process was lost: {' '.join(last)}"
        return Failure("ProcessLost", problem, "ask for the plan again")
    result: dict[str, Any] = json.loads((folder / "result.json").read_text())
    if result["ok"]:
        return result
    return Failure(result["reason"], result["message"], result["fix"])
