"""What goes wrong inside torch, in the words of Trueup's error tree."""

import errno
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from controller.errors import TrainingError
from controller.training.job import TrainJob
from specs.training import learning_rate_of

OUT_OF_MEMORY = (
    "can't allocate memory",
    "out of memory",
    "not enough memory",
    "could not allocate",
    "Cannot allocate memory",
    "std::bad_alloc",
)
NO_SPACE = "No space left on device"
TORCH_WRITER = "inline_container.cc"
"""torch.save on a full disk says only that its writer's position is not what it should be."""
NEARLY_FULL_BYTES = 2**26


@contextmanager
def typed_failures(job: TrainJob, disk: Path) -> Iterator[None]:
    """Raise what a person can act on, for torch's and safetensors' own errors inside.

    ``disk`` is where the job writes; a full disk is raised as OSError with ENOSPC.
    """
    try:
        yield
    except OSError:
        raise
    except Exception as error:  # safetensors' error is an Exception of its own, known by its text
        if is_out_of_memory(error):
            raise out_of_memory(job, "loading or measuring") from error
        if is_disk_full(error, disk):
            raise OSError(errno.ENOSPC, NO_SPACE, str(disk)) from error
        raise


def is_out_of_memory(error: Exception) -> bool:
    """Whether memory ran out, in Python or in torch."""
    told = isinstance(error, RuntimeError) and any(said in str(error) for said in OUT_OF_MEMORY)
    return told or isinstance(error, MemoryError)


def is_disk_full(error: Exception, disk: Path) -> bool:
    """Whether writing to ``disk`` failed because it is full, whoever wrote."""
    if isinstance(error, OSError):
        return error.errno == errno.ENOSPC
    if TORCH_WRITER in str(error):
        return shutil.disk_usage(disk).free < NEARLY_FULL_BYTES
    return NO_SPACE in str(error)


def loss_not_finite(
    job: TrainJob, what: str, step: int, points: Sequence[tuple[int, float]]
) -> TrainingError:
    """The ``what`` (loss, gradient) became NaN or infinite; ``points`` are the curve before it."""
    rate = learning_rate_of(job.training, task=job.task)
    curve = ", ".join(f"{value:.4g} at step {at}" for at, value in points)
    told = f"; the curve before it: {curve}" if points else ""
    problem = f"the training {what} is not a finite number at step {step}{told}"
    fix = f"lower training.arguments.learning_rate (it is {rate:g}), or look for broken rows"
    return TrainingError(problem, reason="LossNotFinite", fix=fix)


def out_of_memory(job: TrainJob, doing: str) -> TrainingError:
    """Memory ran out, and smaller batches do not help: they are one row, or were not the cause."""
    arguments = job.training.arguments
    helps = [
        f"lower training.arguments.max_length (it is {arguments.max_length})",
        *(["use method: lora"] if job.training.method == "full" else []),
        "choose a smaller base",
        "raise compute.memory_gib where that is the limit, else take a machine with more memory",
    ]
    fix = ", or ".join(helps)
    return TrainingError(f"out of memory while {doing}", reason="OutOfMemory", fix=fix)
