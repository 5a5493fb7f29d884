"""Train a version again from its lineage, beside the registry, and compare what comes out.

Everything is read from the version's own record: the rows by hash, the base by revision, the
arguments as they were chosen (by a search too), the CPU threads. Nothing is written but a folder of
its own: a version that cannot be reproduced is a finding, and no reason to change anything.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load_file

from controller.catalog import read_catalog
from controller.context import Tools
from controller.errors import TrainingError
from controller.executors.base import Finished, Running
from controller.executors.output import read_output
from controller.steps.train import as_job_input
from registry.artifacts.base import digest_file
from registry.artifacts.folders import materialise
from registry.records import Progress, VersionRecord
from specs.digest import TRAINER_FORMAT
from specs.model import ModelSpec
from specs.names import commit_of

LOOK_AGAIN_SECONDS = 0.2

Tell = Callable[[Progress], None]
"""Takes where the work is."""


@dataclass(frozen=True)
class FileComparison:
    """One file of the version, as stored and as made again."""

    stored: str | None
    """Its hash; None for a file that the version does not have."""
    made: str | None
    largest_difference: float | None = None
    """Of two safetensors files with the same tensors: the largest difference of two numbers."""

    @property
    def is_same(self) -> bool:
        """Whether not one bit differs."""
        return self.stored == self.made


@dataclass(frozen=True)
class Reproduction:
    """What came of training a version again."""

    model: str
    version: int
    files: Mapping[str, FileComparison]
    differs: Mapping[str, tuple[Any, Any]]
    """Library or fact of the machine → as recorded, as it is now."""
    seconds: float

    @property
    def is_same(self) -> bool:
        """Whether every file is the same, bit for bit."""
        return all(file.is_same for file in self.files.values())


def reproduce(tools: Tools, version: VersionRecord, work: Path, *, tell: Tell) -> Reproduction:
    """Train ``version`` again inside ``work``; nothing else is written.

    Raises:
        TrainingError: When its lineage no longer says, or no longer leads to, what is needed; or
            when training ends otherwise than then.
        TrueupError: When the repository, the rows or the base cannot be had any more.
    """
    started = time.monotonic()
    _refuse_what_differs_anyhow(version)
    spec = _spec_of(tools, version)
    prepared = work / "prepared"
    _run(tools, "data", work / "data", _data_job(tools, version, spec, prepared), tell=tell)
    result = _run(
        tools, "train", work / "train", _training_job(tools, version, spec, prepared), tell=tell
    )
    stored = work / "stored"
    materialise(tools.artifacts, version.files, stored)
    return Reproduction(
        version.model,
        version.number,
        _compared(stored, work / "train" / "output"),
        _differences(version.lineage, result),
        time.monotonic() - started,
    )


def _refuse_what_differs_anyhow(version: VersionRecord) -> None:
    trained_by = version.lineage["inputs"]["format"]
    if trained_by != TRAINER_FORMAT:
        problem = (
            f"{version.model}@{version.number} was made by trainer format {trained_by};"
            f" this is {TRAINER_FORMAT}, which gives other weights"
        )
        fix = "use the release of Trueup that made it (trueup show names the revision and the day)"
        raise TrainingError(problem, reason="NotReproducible", fix=fix)
    repairs = version.training.get("repairs") or ()
    if any(repair["from_step"] for repair in repairs):
        problem = f"{version.model}@{version.number} was repaired in the middle of its training"
        fix = "its batches changed between two steps; train it anew with smaller batches"
        raise TrainingError(problem, reason="NotReproducible", fix=fix)


def _spec_of(tools: Tools, version: VersionRecord) -> ModelSpec:
    tools.repository.fetch()
    catalog = read_catalog(tools.repository, version.revision, specs_path=tools.settings.specs_path)
    if version.model not in catalog.models:
        problem = f"there is no valid spec of {version.model} at {version.revision}"
        fix = f"trueup validate --revision {commit_of(version.revision)}"
        raise TrainingError(problem, reason="NotReproducible", fix=fix)
    return catalog.models[version.model].spec


def _data_job(
    tools: Tools, version: VersionRecord, spec: ModelSpec, prepared: Path
) -> Mapping[str, Any]:
    base = version.lineage["base"]
    return {
        "task": spec.spec.task,
        "repo": {
            "url": tools.repository.url,
            "mirror": str(tools.repository.mirror),
            "commit": commit_of(version.revision),
        },
        "data": spec.spec.data.model_dump(mode="json"),
        "hashes": dict(version.lineage["data"]),
        "seed": version.lineage["inputs"]["training"]["seed"],
        "base": as_job_input(tools.resolve_base(base["model"], base["revision"])),
        "max_length": version.lineage["inputs"]["training"]["arguments"]["max_length"],
        "cache": str(tools.data_cache),
        "prepared": str(prepared),
    }


def _training_job(
    tools: Tools, version: VersionRecord, spec: ModelSpec, prepared: Path
) -> Mapping[str, Any]:
    lineage = version.lineage
    base = lineage["base"]
    # The concrete training, also of a version that a search chose; and its batches after a repair.
    training = dict(lineage["inputs"]["training"])
    for repair in version.training.get("repairs") or ():
        changed = ("per_device_train_batch_size", "gradient_accumulation_steps")
        training["arguments"] = training["arguments"] | {name: repair[name] for name in changed}
    return {
        "task": lineage["inputs"]["data"]["task"],
        "model": version.model,
        "training": training,
        "compute": spec.spec.compute.model_dump(mode="json"),
        "base": as_job_input(tools.resolve_base(base["model"], base["revision"])),
        "prepared": str(prepared),
        "threads": lineage["machine"]["threads"],
    }


def _run(
    tools: Tools, kind: str, folder: Path, input_: Mapping[str, Any], *, tell: Tell
) -> Mapping[str, Any]:
    """Run one job to its end; its result."""
    tools.executor.prepare(folder, input_)
    job = dict(tools.executor.start(kind, folder))
    with _killed_on_the_way_out(tools, job):
        while True:
            state = tools.executor.poll(folder, job)
            output = read_output(folder, job)
            job |= output.job
            if output.progress is not None:
                tell(output.progress)
            match state:
                case Running():
                    time.sleep(LOOK_AGAIN_SECONDS)
                case Finished(result=result) if result["ok"]:
                    return result
                case Finished(result=result):
                    raise TrainingError(
                        result["message"], reason=result["reason"], fix=result["fix"]
                    )
                case _:
                    problem = f"the {kind} process was lost"
                    raise TrainingError(problem, reason="ProcessLost", fix=f"see {folder}/log.txt")


@contextmanager
def _killed_on_the_way_out(tools: Tools, job: Mapping[str, Any]) -> Iterator[None]:
    try:
        yield
    finally:
        tools.executor.kill(job)  # nothing to kill when it has ended by itself


def _compared(stored: Path, made: Path) -> dict[str, FileComparison]:
    names = sorted({path.name for folder in (stored, made) for path in folder.iterdir()})
    return {name: _compared_file(stored / name, made / name) for name in names}


def _compared_file(stored: Path, made: Path) -> FileComparison:
    then, now = (digest_file(path) if path.is_file() else None for path in (stored, made))
    both = then is not None and now is not None and then != now
    gap = _largest_difference(stored, made) if both and stored.suffix == ".safetensors" else None
    return FileComparison(then, now, gap)


def _largest_difference(stored: Path, made: Path) -> float | None:
    try:
        one, other = load_file(stored), load_file(made)
    except (SafetensorError, TypeError, KeyError, ValueError):
        return None  # a type that numpy does not have
    if {name: value.shape for name, value in one.items()} != {
        name: value.shape for name, value in other.items()
    }:
        return None
    gaps = (np.abs(one[name].astype(np.float64) - other[name]).max(initial=0.0) for name in one)
    return float(max(gaps, default=0.0))


def _differences(
    lineage: Mapping[str, Any], result: Mapping[str, Any]
) -> dict[str, tuple[Any, Any]]:
    then = {**lineage["libraries"], **lineage["machine"]}
    now = {**result["libraries"], **result["machine"]}
    return {
        name: (then.get(name), now.get(name))
        for name in sorted(then.keys() | now.keys())
        if then.get(name) != now.get(name)
    }
