"""A short calibration: a few real steps of the real base, on a sample of the real rows.

Two batches of different size give the cost of a step and that of its tokens, in time and memory.
Everything is made as a training makes it, so what is measured is what will run.
"""

import json
import resource
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch

from controller.costs.estimates import Run, forward_flops, training_flops
from controller.costs.rates import TYPICAL, Rates
from controller.costs.workload import Batch, sorted_batches, total
from controller.job_protocol import JobFolder
from controller.training.fitting.trainer import FineTuner
from controller.training.job import TrainJob
from controller.training.learner import Learner, TokenRow
from controller.training.tasks import open_task
from controller.training.tasks.rows import Row, labels_of, read_rows

ENOUGH_SECONDS = 1.0
LEAST_REPEATS, MOST_REPEATS = 3, 6
SLOW_SECONDS = 4.0
"""A step of so many CPU seconds is not repeated."""
LARGEST_SAVED = 5e8
"""Larger files are computed from their shapes instead of being written once for nothing."""
SPREAD = 0.4
MEMORY_SPREAD = 0.15
BASIS = "calibrated on this machine"
NO_LOSS = -100


@dataclass(frozen=True)
class Seen:
    """One batch, measured."""

    batch: Batch
    cpu_seconds: float
    wall_seconds: float
    peak_bytes: int


def calibrate(job: TrainJob, run: Run, folder: JobFolder) -> Rates:
    """Measure the rates of ``run`` on this machine."""
    torch.set_num_threads(job.threads)
    with TemporaryDirectory(dir=folder.path) as place:
        chosen = sample(job, Path(place))
        work = JobFolder(Path(place))
        learner = open_task(chosen, work)
        start = time.process_time()
        forward = _forward_rate(learner, chosen, run)
        artifact = _artifact_bytes(learner, work, run)
        if run.workload.steps == 0:
            return _of_a_probe(start, forward, artifact)
        narrow, wide = _steps(learner, chosen, work)
    return _solve(start, forward, artifact, narrow, wide, run=run)


def sample(job: TrainJob, place: Path) -> TrainJob:
    """A prepared folder of the longest and the shortest rows, two batches of them.

    And one training row of every label that those have not: a label without rows is refused.
    """
    size = 2 * job.training.arguments.per_device_train_batch_size
    prepared = place / "prepared"
    prepared.mkdir()
    (place / "job.json").write_text("{}")
    labels = (job.prepared / "labels.json").read_text()
    (prepared / "labels.json").write_text(labels)
    for split in ("train", "validation"):
        rows = sorted(read_rows(job.prepared, split), key=lambda row: len(json.dumps(row)))
        chosen = rows if len(rows) <= size else [*rows[: size // 2], *rows[-size // 2 :]]
        if split == "train" and len(rows) > size:
            chosen += _one_of_each_label(rows[size // 2 : -size // 2], without=chosen)
        lines = [json.dumps(row, ensure_ascii=False) + "\n" for row in chosen]
        (prepared / f"{split}.jsonl").write_text("".join(lines))
    return replace(job, prepared=prepared)


def _one_of_each_label(rows: Sequence[Row], *, without: Sequence[Row]) -> list[Row]:
    seen = {label for row in without for label in _labels(row)}
    found = []
    for row in rows:
        if not seen.issuperset(_labels(row)):
            seen.update(_labels(row))
            found.append(row)
    return found


def _labels(row: Row) -> list[str]:
    return labels_of(row) if "label" in row or "labels" in row else []


def _forward_rate(learner: Learner, job: TrainJob, run: Run) -> float:
    """Floating-point operations a CPU second, of measuring the validation rows."""
    rows = read_rows(job.prepared, "validation")
    if not rows:
        return TYPICAL.forward_flops
    from controller.costs.rows import check_rows  # noqa: PLC0415  (the sample's, not the job's)

    lengths = check_rows(job).lengths.validation
    size = job.training.arguments.per_device_train_batch_size
    work = forward_flops(run, total(sorted_batches(lengths, size)))
    learner.validate()  # the first pass also prepares what later ones find ready
    began = time.process_time()
    learner.validate()
    return work / max(time.process_time() - began, 1e-4)


def _artifact_bytes(learner: Learner, work: JobFolder, run: Run) -> float | None:
    if 4 * run.trained_parameters > LARGEST_SAVED:
        return None
    learner.save(work.output)
    return float(sum(file.stat().st_size for file in work.output.rglob("*") if file.is_file()))


def _steps(learner: Learner, job: TrainJob, work: JobFolder) -> tuple[Seen, Seen]:
    tuner = FineTuner(learner, job, work.checkpoints)
    tuner.create_optimizer()
    learner.model.train()
    size = job.training.arguments.per_device_train_batch_size
    rows = sorted(learner.rows, key=lambda row: len(row["input_ids"]))
    narrow = rows[: max(1, min(size, len(rows)) // 2)]
    wide = rows[-size:]
    return measured(lambda: _step(tuner, learner, narrow), lambda: _step(tuner, learner, wide))


def measured(narrow: Callable[[], Seen], wide: Callable[[], Seen]) -> tuple[Seen, Seen]:
    """What a step of each kind takes; the narrow one alone stands for both where it is slow."""
    narrow()  # makes the optimizer's state, and all that is made once: never representative
    seen = narrow()
    if seen.cpu_seconds > SLOW_SECONDS:
        return seen, seen
    return _fastest(seen, narrow), _fastest(wide(), wide)


def _fastest(first: Seen, step: Callable[[], Seen]) -> Seen:
    """The fastest of a few steps: what disturbs a step only ever makes it slower."""
    seen = [first]
    while len(seen) < MOST_REPEATS and seen[-1].cpu_seconds <= SLOW_SECONDS:
        if len(seen) >= LEAST_REPEATS and sum(one.cpu_seconds for one in seen) >= ENOUGH_SECONDS:
            break
        seen.append(step())
    fastest = min(seen, key=lambda one: one.cpu_seconds)
    wall = sum(one.wall_seconds for one in seen) / sum(one.cpu_seconds for one in seen)
    return replace(
        fastest,
        wall_seconds=fastest.cpu_seconds * wall,
        peak_bytes=max(one.peak_bytes for one in seen),
    )


def _step(tuner: FineTuner, learner: Learner, rows: Sequence[TokenRow]) -> Seen:
    cpu, wall = time.process_time(), time.monotonic()
    batch: dict[str, Any] = learner.collate(list(rows))
    counted = (batch["labels"] != NO_LOSS).sum()
    tuner.training_step(tuner.model, batch, num_items_in_batch=counted)
    tuner.optimizer.step()
    tuner.optimizer.zero_grad()
    return Seen(
        batch=Batch(*batch["input_ids"].shape),
        cpu_seconds=time.process_time() - cpu,
        wall_seconds=time.monotonic() - wall,
        peak_bytes=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
    )


def _of_a_probe(start: float, forward: float, artifact: float | None) -> Rates:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return replace(
        TYPICAL,
        start_cpu_seconds=start,
        forward_flops=forward,
        fixed_bytes=float(peak),
        bytes_per_token=0.0,
        artifact_bytes=artifact,
        spread=SPREAD,
        memory_spread=2 * MEMORY_SPREAD,
        basis=BASIS,
    )


def _solve(  # noqa: PLR0917  (the measurements, each once)
    start: float, forward: float, artifact: float | None, narrow: Seen, wide: Seen, *, run: Run
) -> Rates:
    """Two equations in time, two in memory."""
    less, more = (training_flops(run, one.batch.tokens) for one in (narrow, wide))
    tokens = wide.batch.tokens.count - narrow.batch.tokens.count
    a_step, per_flop = 0.0, wide.cpu_seconds / more
    if more > less and wide.cpu_seconds > narrow.cpu_seconds:
        per_flop = (wide.cpu_seconds - narrow.cpu_seconds) / (more - less)
        a_step = max(0.0, narrow.cpu_seconds - per_flop * less)
        per_flop = (wide.cpu_seconds - a_step) / more
    growth = max(0, wide.peak_bytes - narrow.peak_bytes) / tokens if tokens > 0 else 0.0
    return Rates(
        start_cpu_seconds=start,
        forward_flops=forward,
        training_flops=1 / per_flop,
        step_cpu_seconds=a_step,
        wall_ratio=max(wide.wall_seconds / wide.cpu_seconds, 1 / torch.get_num_threads()),
        fixed_bytes=wide.peak_bytes - growth * wide.batch.tokens.count,
        bytes_per_token=growth,
        artifact_bytes=artifact,
        spread=SPREAD,
        memory_spread=MEMORY_SPREAD,
        basis=BASIS,
    )
