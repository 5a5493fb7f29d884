"""What a training job is asked to do: ``job.json``, read and checked once."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from controller.errors import TrainingError
from controller.training.ranks import share_of
from controller.training.trials import TrialOrder, read_order
from specs.training import Training


@dataclass(frozen=True)
class BaseModel:
    """The resolved base: how the spec names it, what exactly it is, where its files lie."""

    model: str
    revision: str
    folder: Path


@dataclass(frozen=True)
class TrainJob:
    """One training job."""

    task: str
    model: str
    """Name of the Trueup model that is trained."""
    training: Training
    base: BaseModel
    prepared: Path
    """Folder of the prepared rows."""
    threads: int
    """CPU threads; they decide the exact bytes of the result, so they are recorded."""
    strategy: str = "ddp"
    """How several processes share the model: ``ddp`` or ``fsdp``."""
    trial: TrialOrder | None = None
    """The search that this training is a trial of."""


def read_job(found: Mapping[str, Any], *, threads: int) -> TrainJob:
    """Read ``job.json``; ``threads`` stands in when it names none.

    Raises:
        TrainingError: When it asks for something that this trainer does not do.
    """
    base = found["base"]
    job = TrainJob(
        task=found["task"],
        model=found["model"],
        training=Training.model_validate(found["training"]),
        base=BaseModel(base["model"], base["revision"], Path(base["folder"])),
        prepared=Path(found["prepared"]),
        threads=share_of(int(found.get("threads") or 0) or threads),
        strategy=(found.get("compute") or {}).get("strategy", "ddp"),
        trial=read_order(found.get("trial")),
    )
    _refuse_what_is_not_done(job.training)
    return job


def _refuse_what_is_not_done(training: Training) -> None:
    # Better no model than one that silently ignored a part of its spec.
    wanted = {
        "search": training.search is not None,
    }
    refused = [f"training.{name}" for name, is_wanted in wanted.items() if is_wanted]
    if refused:
        problem = f"{', '.join(refused)}: this version of Trueup does not do that yet"
        fix = "take it out of the spec; method lora works on every machine"
        raise TrainingError(problem, reason="NotSupported", fix=fix)
