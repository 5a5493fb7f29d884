"""The cost job: check every row, count the work, say what it will take. The main path.

It runs before each training, and when somebody asks for a plan. With runs to learn from it loads
no framework; without, it calibrates: a few real steps of the real base on this machine.
"""

import traceback
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from controller.costs.base_facts import read_base
from controller.costs.estimates import (
    Estimate,
    Figure,
    Run,
    estimate,
    flops,
    shared_weights_bytes,
    typical_bytes_per_token,
    weights_bytes,
)
from controller.costs.machine import Machine, read_machine
from controller.costs.rates import TYPICAL, Past, Rates, learn, recipe_key
from controller.costs.rows import CheckedRows, check_rows
from controller.costs.trained import trained_parameters
from controller.costs.verdicts import Limits, judge
from controller.costs.workload import count
from controller.errors import TrainingError
from controller.evaluation.judging import probe_told
from controller.job_protocol import JobFolder
from controller.torch_process import usable_threads
from controller.training.job import TrainJob, read_job
from registry.serving.architectures import check_architecture
from specs.errors import TrueupError
from specs.training import Compute

FORMAT = 1
SHORT_CPU_SECONDS = 10.0
"""A training of less than this, at typical rates, is not worth a calibration of as much."""
LIBRARIES_BYTES = 4.5e8
"""Python, torch, transformers and peft, before any weight."""
SHIPPED = ("tokenizer.json", "tokenizer_config.json", "vocab.txt", "vocab.json", "merges.txt")


@dataclass(frozen=True)
class Asked:
    """What the job is about."""

    job: TrainJob
    compute: Compute
    rows: CheckedRows
    run: Run
    machine: Machine
    key: str


def plan_costs(folder: JobFolder) -> dict[str, Any]:
    """Run a cost job; return its result.

    Raises:
        BaseModelError: The base is not made for the task.
        TrainingError: A row does not fit, or ``MemoryInsufficient`` with what would suffice.
    """
    probe_told(folder.job, folder.path)
    job = read_job(folder.job, threads=usable_threads())
    folder.progress("checking rows", 0, 1)
    asked = _ask(job, folder)
    rates = _rates(asked, folder)
    found = estimate(asked.run, rates)
    limits = Limits(
        memory_bytes=asked.machine.memory_bytes,
        memory_basis=asked.machine.memory_basis,
        free_bytes=asked.machine.free_bytes,
        timeout_minutes=asked.compute.timeout_minutes,
        processes=asked.compute.processes,
    )
    warnings = judge(asked.run, rates, asked.rows.lengths, limits)
    record = _record(asked, rates, found)
    record["figures"] |= _of_a_search(found, int(folder.job.get("trials") or 0))
    return {"costs": record | {"warnings": warnings}}


def _checked(job: TrainJob, files: Mapping[str, str]) -> CheckedRows:
    """The rows; an error about one names its file."""
    try:
        return check_rows(job)
    except TrainingError as error:
        split = "validation" if "validation" in error.problem else "train"
        problem = f"{files[split]}: {error.problem}" if split in files else error.problem
        raise TrainingError(problem, reason=error.reason, fix=error.fix) from error


def _ask(job: TrainJob, folder: JobFolder) -> Asked:
    compute = Compute.model_validate(folder.job.get("compute") or {})
    check_architecture(job.base.folder, name=job.base.model, task=job.task)
    rows = _checked(job, folder.job.get("files") or {})
    base = read_base(job.base.folder)
    machine = read_machine(threads=job.threads, bound_gib=getattr(compute, "memory_gib", None))
    run = Run(
        training=job.training,
        base=base,
        workload=count(rows.lengths, job.training, processes=compute.processes),
        trained_parameters=trained_parameters(
            job.training, base, labels=rows.labels, task=job.task
        ),
        is_causal=job.task == "causal-lm",
        shipped_bytes=_shipped(job),
    )
    key = recipe_key(
        job.training,
        base=job.base.revision,
        machine=machine.name,
        processes=compute.processes,
        strategy=compute.strategy,
    )
    return Asked(job, compute, rows, run, machine, key)


def _rates(asked: Asked, folder: JobFolder) -> Rates:
    work = flops(asked.run)
    past = (
        Past.of(one["training"], artifact_bytes=one["artifact_bytes"])
        for one in folder.job.get("earlier", ())
    )
    runs = [one for one in past if one is not None]
    learnt = learn(runs, key=asked.key, flops=work)
    if learnt is not None:
        return learnt
    typical = replace(
        TYPICAL,
        fixed_bytes=LIBRARIES_BYTES + weights_bytes(asked.run),
        bytes_per_token=typical_bytes_per_token(asked.run),
    )
    planned = estimate(asked.run, typical).figures
    too_large = planned["peak_memory_bytes"].low > asked.machine.memory_bytes
    short = planned["cpu_seconds"].value - typical.start_cpu_seconds < SHORT_CPU_SECONDS
    if short or too_large:
        return _in_shares(asked, typical)
    folder.progress("calibrating", 0, 1, message="a few steps of the base on this machine")
    uncalibrated = replace(typical, basis=f"{typical.basis}; not calibrated")
    return _in_shares(asked, _calibrated(asked, folder) or uncalibrated)


def _in_shares(asked: Asked, rates: Rates) -> Rates:
    """``rates`` of one process that holds everything, for several that share it."""
    if asked.compute.strategy != "fsdp":
        return rates
    saved = weights_bytes(asked.run) - shared_weights_bytes(asked.run, asked.compute.processes)
    fixed = max(rates.fixed_bytes - saved, LIBRARIES_BYTES)
    return replace(rates, fixed_bytes=fixed, memory_spread=TYPICAL.memory_spread)


def _calibrated(asked: Asked, folder: JobFolder) -> Rates | None:
    """Rates measured now; None when that fails: a plan must never keep a training from running.

    A calibration that was killed, by lack of memory most likely, is not tried again.
    """
    mark = folder.path / "calibrating"
    if mark.exists():
        return None
    mark.touch()
    from controller.costs.calibration import calibrate  # noqa: PLC0415  (torch, only where needed)

    try:
        return calibrate(asked.job, asked.run, folder)
    except TrueupError:
        raise
    except Exception:  # noqa: BLE001  (whatever it is, the training itself will say it better)
        traceback.print_exc()
        return None
    finally:
        mark.unlink()


def _record(asked: Asked, rates: Rates, found: Estimate) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "key": asked.key,
        "machine": asked.machine.name,
        "memory_limit_bytes": asked.machine.memory_bytes,
        "rates": vars(rates),
    } | found.as_json()


def _of_a_search(found: Estimate, trials: int) -> dict[str, Any]:
    """What all trials take together; nothing where there is no search."""
    if not trials:
        return {}
    one = found.figures["seconds"]
    basis = f"{trials} trials like the declared one"
    # Pruned trials end early, and those that train only a head find features that are made.
    whole = Figure(trials * one.value, one.low, trials * one.high, basis)
    return {"trials": vars(Figure.counted(trials, "the spec")), "all_trials_seconds": vars(whole)}


def _shipped(job: TrainJob) -> int:
    files = (job.base.folder / name for name in SHIPPED)
    return sum(file.stat().st_size for file in files if file.is_file())
