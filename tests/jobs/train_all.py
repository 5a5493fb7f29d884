"""Trains several job folders in a row, by as many processes as there are: one start for all."""

from pathlib import Path

from controller.job_protocol import FollowersFolder, JobFolder, follow_job, run_job
from controller.torch_process import settle
from controller.training.ranks import is_first


def train_all(folder: JobFolder) -> dict[str, str]:
    from torch import distributed

    from controller.training.runner import train

    distributed.init_process_group("gloo")  # one group for all of them
    for path in folder.job["folders"]:
        one = (JobFolder if is_first() else FollowersFolder)(Path(path))
        result = train(one)
        if is_first():
            one.succeed(result)
    return {}


def main() -> None:
    settle(1)
    (run_job if is_first() else follow_job)(train_all)
