"""Repairs: what a run changes about itself, instead of failing, and how that is remembered.

Memory ran out: half the rows a batch and twice the batches a step give the same step for less
memory. The loss is not finite: once back to the newest checkpoint whose weights are. Every repair
stands in ``repairs.json`` of the job's folder, and the process starts anew: only a fresh process
has given back all its memory.
"""

import json
import shutil
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import torch

from controller.job_protocol import MEMORY_FILE, REPAIRS_FILE, JobFolder, write_atomically
from controller.training.failures import out_of_memory
from controller.training.fitting.checkpoints import Checkpoint, newest_whole
from controller.training.fitting.trainer import WEIGHTS_FILE
from controller.training.job import TrainJob
from controller.training.ranks import is_first
from controller.training.spent import Spent
from controller.training.weights import load_weights

OUT_OF_MEMORY = "OutOfMemory"
LOSS_NOT_FINITE = "LossNotFinite"


@dataclass(frozen=True)
class Repair:
    """One repair."""

    reason: str
    """What went wrong: ``OutOfMemory`` or ``LossNotFinite``."""
    at_step: int | None
    """The step that failed; None when the process was ended and could not say."""
    from_step: int
    """The step that training goes on from; 0 is the start."""
    per_device_train_batch_size: int
    gradient_accumulation_steps: int
    message: str


class StartAgain(BaseException):
    """A repair is in place: the process must start anew to go on."""

    def __init__(self, repair: Repair) -> None:
        """``repair`` is what was changed."""
        super().__init__(repair.message)
        self.repair = repair


def read_repairs(folder: Path) -> list[Repair]:
    """The repairs of a job so far, oldest first."""
    return [Repair(**repair) for repair in _read(folder).get("repairs", ())]


def repaired(job: TrainJob, folder: JobFolder, spent: Spent) -> TrainJob:
    """``job`` with the batches that its repairs came to; ``spent`` goes on from before them.

    A process that was ended for its memory could not repair itself: that is done here, for each
    line that whoever ended it left behind.

    Raises:
        TrainingError: When a process was ended that had one row a batch.
    """
    found = _read(folder.path)
    if found:
        spent.carry(found["used"])
    for done in read_repairs(folder.path)[-1:]:
        job = _with_batch(job, done)
    kills = _kills(folder.path)
    for kill in kills[found.get("kills", 0) :]:
        repair = _smaller(job, folder, None, str(kill["message"]))
        if repair is None:
            raise out_of_memory(job, f"training with one row a batch: {kill['message']}")
        if is_first():  # all processes come to the same batches; one writes them down
            _record(folder, spent, repair)
        job = _with_batch(job, repair)
    return job


def smaller_batches(job: TrainJob) -> tuple[int, int] | None:
    """Rows a batch and batches a step, for the same step with at most half the rows in memory."""
    arguments = job.training.arguments
    rows = arguments.per_device_train_batch_size
    if rows == 1:
        return None
    fewer = max(size for size in range(1, rows // 2 + 1) if rows % size == 0)
    return fewer, arguments.gradient_accumulation_steps * (rows // fewer)


def halve_the_batch(job: TrainJob, folder: JobFolder, spent: Spent, at_step: int) -> None:
    """Repair a run that is out of memory; come back only when a batch is one row already.

    Raises:
        StartAgain: When the repair is in place.
    """
    repair = _smaller(job, folder, at_step, "an allocation failed")
    if repair is not None:
        _record(folder, spent, repair)
        raise StartAgain(repair)


def _smaller(job: TrainJob, folder: JobFolder, at_step: int | None, how: str) -> Repair | None:
    smaller = smaller_batches(job)
    if smaller is None:
        return None
    rows, batches = smaller
    start = newest_whole(folder.checkpoints)
    from_step = start.step if start is not None else 0
    was = job.training.arguments.per_device_train_batch_size
    when = f" at step {at_step}" if at_step is not None else ""
    message = (
        f"out of memory{when} with {was} rows a batch ({how}): going on from step {from_step} with"
        f" {rows} rows a batch and {batches} batches a step, which is the same step"
    )
    return Repair(OUT_OF_MEMORY, at_step, from_step, rows, batches, message)


def go_back_once(job: TrainJob, folder: JobFolder, spent: Spent, at_step: int) -> None:
    """Repair a run whose loss is not finite; come back when it was done, or cannot be done.

    Nothing that the spec says is changed: going back heals what does not come again (a fault of
    memory or of an accelerator); what does come again is for people to decide.

    Raises:
        StartAgain: When the repair is in place.
    """
    if any(repair.reason == LOSS_NOT_FINITE for repair in read_repairs(folder.path)):
        return
    start = newest_whole(folder.checkpoints)
    while start is not None and not _is_finite(start):
        shutil.rmtree(start.folder)
        start = newest_whole(folder.checkpoints)
    if start is None:
        return
    arguments = job.training.arguments
    message = (
        f"the training loss was not finite at step {at_step}: once back to step {start.step}, the"
        " newest checkpoint whose weights are finite"
    )
    repair = Repair(
        LOSS_NOT_FINITE,
        at_step,
        start.step,
        arguments.per_device_train_batch_size,
        arguments.gradient_accumulation_steps,
        message,
    )
    _record(folder, spent, repair)
    raise StartAgain(repair)


def _read(folder: Path) -> dict[str, Any]:
    path = folder / REPAIRS_FILE
    found: dict[str, Any] = json.loads(path.read_text()) if path.is_file() else {}
    return found


def _record(folder: JobFolder, spent: Spent, repair: Repair) -> None:
    repairs = [asdict(one) for one in (*read_repairs(folder.path), repair)]
    kept = {"repairs": repairs, "used": spent.used(), "kills": len(_kills(folder.path))}
    write_atomically(folder.path / REPAIRS_FILE, json.dumps(kept, indent=1))
    print(f"repair: {repair.message}", flush=True)  # noqa: T201  (the job's log)
    folder.event("RunRepaired", repair.message)


def _kills(folder: Path) -> list[dict[str, Any]]:
    path = folder / MEMORY_FILE
    return [json.loads(line) for line in path.read_text().splitlines()] if path.is_file() else []


def _is_finite(checkpoint: Checkpoint) -> bool:
    weights = load_weights(checkpoint.folder / WEIGHTS_FILE)
    return all(bool(torch.isfinite(value).all()) for value in weights.values())


def _with_batch(job: TrainJob, repair: Repair) -> TrainJob:
    changed = {
        "per_device_train_batch_size": repair.per_device_train_batch_size,
        "gradient_accumulation_steps": repair.gradient_accumulation_steps,
    }
    arguments = job.training.arguments.model_copy(update=changed)
    return replace(job, training=job.training.model_copy(update={"arguments": arguments}))
