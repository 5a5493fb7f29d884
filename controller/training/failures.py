"""What goes wrong inside torch, in the words of Trueup's error tree."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from controller.errors import TrainingError
from controller.training.job import TrainJob

OUT_OF_MEMORY = ("can't allocate memory", "out of memory", "not enough memory")
DISK_FULL = ("No space left on device", "PytorchStreamWriter failed writing")


@contextmanager
def typed_failures(job: TrainJob, disk: Path) -> Iterator[None]:
    """Raise what a person can act on, for torch's and safetensors' own errors inside.

    ``disk`` is where the job writes; a full disk is raised as OSError with ENOSPC.
    """
    try:
        yield
    except (RuntimeError, MemoryError) as error:
        if isinstance(error, MemoryError) or _says(error, OUT_OF_MEMORY):
            raise _out_of_memory(job) from error
        if _says(error, DISK_FULL):
            raise _disk_full(disk) from error
        raise
    except Exception as error:
        # safetensors' error is an Exception of its own; only its text says what happened.
        if _says(error, DISK_FULL) and not isinstance(error, OSError):
            raise _disk_full(disk) from error
        raise


def loss_not_finite(job: TrainJob, step: int) -> TrainingError:
    """The loss became NaN or infinite."""
    rate = job.training.arguments.learning_rate
    problem = f"the training loss is not a finite number at step {step}"
    fix = f"lower training.arguments.learning_rate (it is {rate:g}), or look for broken rows"
    return TrainingError(problem, reason="LossNotFinite", fix=fix)


def _out_of_memory(job: TrainJob) -> TrainingError:
    arguments = job.training.arguments
    batch = arguments.per_device_train_batch_size
    fix = (
        f"halve per_device_train_batch_size (it is {batch}) and double gradient_accumulation_steps"
        f" (it is {arguments.gradient_accumulation_steps}): the result is the same"
    )
    return TrainingError("training ran out of memory", reason="OutOfMemory", fix=fix)


def _disk_full(disk: Path) -> OSError:
    return OSError(errno.ENOSPC, "No space left on device", str(disk))


def _says(error: BaseException, phrases: tuple[str, ...]) -> bool:
    return any(phrase in str(error) for phrase in phrases)
