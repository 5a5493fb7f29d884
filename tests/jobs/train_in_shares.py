"""Trains several job folders in a row in shares, and tells what each process held of the first."""

import json
from pathlib import Path

from controller.job_protocol import FollowersFolder, JobFolder, follow_job, run_job
from controller.torch_process import settle
from controller.training.ranks import is_first, rank


def train_in_shares(folder: JobFolder) -> dict[str, str]:
    from torch import distributed

    from controller.training.runner import train

    distributed.init_process_group("gloo")  # one group for all of them
    paths = [Path(path) for path in folder.job["folders"]]
    Path(folder.job["told"], f"held-{rank()}.json").write_text(json.dumps(held(paths[0])))
    for path in paths:
        one = (JobFolder if is_first() else FollowersFolder)(path)
        result = train(one)
        if is_first():
            one.succeed(result)
    return {}


def held(path: Path) -> dict[str, int]:
    """Bytes of the model's parameters: in this process, and altogether."""
    from controller.training.fitting.sharding import sharded
    from controller.training.job import read_job
    from controller.training.tasks import open_task

    folder = FollowersFolder(path)  # it is only looked at
    job = read_job(folder.job, threads=1)
    learner = open_task(job, folder)
    whole = sum(value.nbytes for value in learner.model.parameters())
    with sharded(learner, job):
        shares = [value.to_local() for value in learner.model.parameters()]
        return {
            "here": sum(share.untyped_storage().nbytes() for share in shares),
            "whole": whole,
        }


def main() -> None:
    settle(1)
    (run_job if is_first() else follow_job)(train_in_shares)
