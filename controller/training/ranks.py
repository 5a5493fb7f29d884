"""Which of a job's processes this one is. Imports no torch; asks the environment when asked.

A training job is one process, or N that share each step's rows: torchrun and Ray hand ``RANK`` and
``WORLD_SIZE`` to each. Every process runs the same code; only the first writes the job's folder.
"""

import os

NAMES = ("RANK", "WORLD_SIZE", "LOCAL_RANK", "LOCAL_WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT")
"""What a launcher says to its processes; a job that was not launched must not see another's."""


def rank() -> int:
    """This process's number, from 0."""
    return int(os.environ.get("RANK", "0"))


def world_size() -> int:
    """How many processes share the job's work."""
    return int(os.environ.get("WORLD_SIZE", "1"))


def is_launched() -> bool:
    """Whether a launcher started this process; when that is gone, nobody knows of it."""
    return "RANK" in os.environ


def is_first() -> bool:
    """Whether this process writes progress, checkpoints and output."""
    return rank() == 0


def share_of(threads: int) -> int:
    """CPU threads of this process, when all of the job's on this machine may use ``threads``."""
    return max(1, threads // int(os.environ.get("LOCAL_WORLD_SIZE", "1")))


def batches_of(rows: int, batches: int, processes: int) -> tuple[int, int]:
    """Rows of a batch and batches of a step for each of ``processes``, for the same step.

    ``rows`` and ``batches`` are those of one process; together they divide by ``processes``.
    """
    share = rows * batches // processes
    most = max(1, rows // processes)
    size = max(size for size in range(1, most + 1) if share % size == 0)
    return size, share // size
