"""The job's rows as token lengths; every row is checked on the way."""

import json
from dataclasses import dataclass
from importlib import import_module

from controller.costs.workload import Lengths
from controller.training.job import TrainJob


@dataclass(frozen=True)
class CheckedRows:
    """What the rows of a job come to."""

    lengths: Lengths
    labels: int
    """How many labels a head has to tell apart; 0 without a head."""


def check_rows(job: TrainJob) -> CheckedRows:
    """Tokenise and check every training and validation row.

    Raises:
        TrainingError: Naming the first row that does not fit format, template or length.
    """
    rows = import_module(f"controller.training.tasks.{job.task.replace('-', '_')}").token_rows(job)
    found = {split: [len(row["input_ids"]) for row in rows[split]] for split in rows}
    most = job.training.arguments.max_length
    lengths = Lengths(
        train=found["train"],
        validation=found.get("validation", []),
        cut=sum(length >= most for length in found["train"]),
    )
    labels = json.loads((job.prepared / "labels.json").read_text())
    return CheckedRows(lengths, len(labels))
