"""What goes wrong inside torch, in the words of Trueup's error tree."""

import errno
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from controller.errors import TrainingError
from controller.training.job import TrainJob

OUT_OF_MEMORY = ("can't allocate memory", "out of memory", "not enough memory")
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
            raise _out_of_memory(job) from error
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
