"""The training job, from rows and a base to the files of a version."""

import json
import random
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch

from controller.job_protocol import JobFolder
from controller.torch_process import usable_threads
from controller.training.failures import is_disk_full, typed_failures
from controller.training.fitting.checkpoints import drop_unsealed
from controller.training.fitting.fit import Fit, fit
from controller.training.fitting.pruning import PrunedError, trial_result
from controller.training.fitting.repairs import repaired
from controller.training.fitting.sharding import sharded
from controller.training.fitting.together import joined
from controller.training.job import TrainJob, read_job
from controller.training.learner import Calibrates, Learner
from controller.training.methods.precision import choose_precision
from controller.training.ranks import is_first
from controller.training.spent import Spent, libraries, machine, peak_memory_bytes
from controller.training.tasks import open_task
from controller.training.tasks.tokenizer_files import need_tokenizer


def train(folder: JobFolder) -> dict[str, Any]:
    """Train what ``folder`` asks for, or go on where an earlier attempt stopped.

    Raises:
        TrainingError: When base, method and rows do not fit together.
        BaseModelError: When the base cannot be used for the task.
        OSError: With ENOSPC, when the disk is full.
        Interrupted: After SIGTERM; the work so far is in a checkpoint.
        StartAgain: With a repair in place, when a new process must go on.
    """
    spent = Spent()
    with joined(folder):
        declared = read_job(folder.job, threads=usable_threads())
        return _train(repaired(declared, folder, spent), folder, spent)


def _train(job: TrainJob, folder: JobFolder, spent: Spent) -> dict[str, Any]:
    folder.progress("loading", 0, 1, message=job.base.model)
    try:
        return _trained(job, folder, spent) | trial_result(job.trial, folder)
    except PrunedError:
        print("the earlier trials were better by now: this one ends", flush=True)  # noqa: T201
        found = trial_result(job.trial, folder)
        return {"training": _used(spent), "trial": found["trial"] | {"pruned": True}}


def _trained(job: TrainJob, folder: JobFolder, spent: Spent) -> dict[str, Any]:
    with _tidy_on_a_full_disk(folder), typed_failures(job, folder.path):
        _make_repeatable(job)
        need_tokenizer(job.base.folder, job.base.model)
        learner = open_task(job, folder)
        with sharded(learner, job):
            done = fit(learner, job, folder, spent)
        if not is_first():
            return {}
        folder.progress("validating", 0, 1, message="sample of the training rows")
        measured = learner.measure_fit() | _calibrated(learner, job)
        folder.progress("saving", 0, 1)
        learner.save(folder.output)
        (folder.output / "training.json").write_text(json.dumps(measured, indent=1))
    return _result(job, done, spent, measured)


@contextmanager
def _tidy_on_a_full_disk(folder: JobFolder) -> Iterator[None]:
    """On a full disk, give up what is half-written: the next attempt, and the log, need room."""
    try:
        yield
    except OSError as error:
        if is_disk_full(error, folder.path):
            drop_unsealed(folder.checkpoints)
            for path in folder.output.iterdir():
                path.unlink()
        raise


def _calibrated(learner: Learner, job: TrainJob) -> dict[str, Any]:
    if job.training.calibration is None or not isinstance(learner, Calibrates):
        return {}
    return {"calibration": learner.calibrate()}


def _make_repeatable(job: TrainJob) -> None:
    torch.set_num_threads(job.threads)
    random.seed(job.training.seed)
    np.random.seed(job.training.seed)
    torch.manual_seed(job.training.seed)


def _used(spent: Spent) -> dict[str, float]:
    return {name: round(value, 2) for name, value in spent.now().items()}


def _result(job: TrainJob, done: Fit, spent: Spent, measured: dict[str, Any]) -> dict[str, Any]:
    fit_seconds = spent.now()["fit_cpu_seconds"]
    speed = done.rows_seen / fit_seconds if done.rows_seen else None
    return {
        "training": {
            **_used(spent),
            "steps": done.steps,
            "tokens": done.tokens,
            "best_step": done.best_step,
            "stopped_at_step": done.stopped_at_step,
            "repairs": done.repairs,
            "train_loss": done.train_loss,
            "validation": done.validation,
            "rows_per_cpu_second": None if speed is None else round(speed, 1),
            "peak_memory_bytes": peak_memory_bytes(),
            **measured,
        },
        "libraries": libraries(),
        "machine": machine(job.threads, choose_precision(job.training.arguments)),
    }
