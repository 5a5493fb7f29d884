"""The job's rows as token lengths; every row is checked on the way."""

import json
from dataclasses import dataclass
from importlib import import_module

from controller.costs.workload import Lengths
from controller.training.job import TrainJob
from controller.training.learner import TokenRow

CAUSAL = "causal-lm"
CUT = "is_cut"
"""What tasks mark rows with that they had to cut; the name is ``tasks.lengths.CUT``."""


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
    rows = token_rows(job)
    found = {split: [len(row["input_ids"]) for row in rows[split]] for split in rows}
    if job.task == CAUSAL and job.training.generation.packing is True:
        from controller.training.tasks.packing import packed  # noqa: PLC0415  (torch)

        together = packed(rows["train"], job.training.arguments.max_length)
        found["train"] = [len(row["input_ids"]) for row in together]
    lengths = Lengths(
        train=found["train"],
        validation=found.get("validation", []),
        cut=sum(bool(row.get(CUT)) for row in rows["train"]),
        rows=len(rows["train"]),
    )
    labels = json.loads((job.prepared / "labels.json").read_text())
    return CheckedRows(lengths, len(labels))


def token_rows(job: TrainJob) -> dict[str, list[TokenRow]]:
    """The rows as the job's task tokenises them."""
    task = import_module(f"controller.training.tasks.{job.task.replace('-', '_')}")
    found: dict[str, list[TokenRow]] = task.token_rows(job)
    return found
