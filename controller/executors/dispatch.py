"""Which executor carries which run: the declared one starts it, the run record finds it again.

Steps and planner see one executor. A run stays with the one that started it, so that a commit that
changes ``spec.compute`` or a controller that starts anew still reaches what goes on elsewhere.
Jobs that fetch data or evaluate always run on the controller's own machine.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from controller.executors.base import Executor, Job, JobState
from controller.executors.launching import ARTIFACTS, RAY_ADDRESS
from controller.executors.local import LocalExecutor

TRAININGS = ("train", "trial")


def launched(
    threads: int, environment: Mapping[str, str], *, artifacts: str, ray_address: str | None
) -> dict[str, Executor]:
    """The executors that start a job as several processes, by their names in a spec.

    ``artifacts``: the place of the artifact store, where checkpoints of Ray's jobs go.
    """
    for_ray = dict(environment) | {ARTIFACTS: artifacts}
    for_ray |= {RAY_ADDRESS: ray_address} if ray_address else {}
    return {
        "torchrun": LocalExecutor(
            threads=threads, environment=environment, launcher="controller.executors.torchrun"
        ),
        "ray": LocalExecutor(
            threads=threads, environment=for_ray, launcher="controller.executors.ray_driver"
        ),
    }


class Executors:
    """Every executor of an installation, as one."""

    def __init__(self, local: LocalExecutor, others: Mapping[str, Executor]) -> None:
        """``others``: the name in ``compute.executor`` → what starts training there."""
        self._local = local
        self.threads = local.threads
        self._all: dict[str, Executor] = {**others, "local": local}

    def prepare(self, folder: Path, job: Mapping[str, Any]) -> None:
        """Make the job's folder with its input."""
        self._local.prepare(folder, job)

    def start(self, kind: str, folder: Path, *, before: Job | None = None) -> Job:
        """Start (or start again) the job where its ``job.json`` says."""
        wanted = json.loads((folder / "job.json").read_text()).get("compute") or {}
        name = str(wanted.get("executor", "local")) if kind in TRAININGS else "local"
        started = self._all[name].start(kind, folder, before=before)
        return dict(started) | {"executor": name}

    def poll(self, folder: Path, job: Job) -> JobState:
        """Ask the executor that started the job."""
        return self._of(job).poll(folder, job)

    def interrupt(self, job: Job) -> None:
        """Ask the job to save its work and stop."""
        self._of(job).interrupt(job)

    def kill(self, job: Job) -> None:
        """Stop the job and everything it started, now."""
        self._of(job).kill(job)

    def _of(self, job: Job) -> Executor:
        # Runs of an older release, and those between record and process, name none.
        return self._all[job.get("executor", "local")]
