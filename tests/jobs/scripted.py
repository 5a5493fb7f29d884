"""A real job for tests: does what its ``job.json`` says, in a process of its own."""

import os
import time
from pathlib import Path
from typing import Any

from controller.errors import TrainingError
from controller.job_protocol import Interrupted, JobFolder, follow_job, run_job
from controller.torch_process import end_with_parent
from controller.training.memory_bound import keep_within
from controller.training.ranks import is_first, rank, world_size


def main(folder: JobFolder) -> dict[str, Any]:
    print("started", flush=True)
    if world_size() > 1:
        print(f"process {rank()} has pid {os.getpid()}", flush=True)
    folder.progress("working", 1, 2, eta_seconds=1.0)
    folder.point(1, "loss", 0.5)
    with (folder.path / "starts").open("a") as file:
        file.write("x")
    (folder.path / f"pid-{rank()}").write_text(str(os.getpid()))
    match folder.job["do"]:
        case "succeed":
            return {"value": 42}
        case "fail":
            raise TrainingError("the rows do not fit", fix="mend the rows")
        case "crash":
            raise ValueError("a bug")
        case "fill the disk":
            raise OSError(28, "No space left on device", "output/weights")
        case "wait":
            wait(folder)
        case "fail in the last process" if rank() == world_size() - 1:
            raise TrainingError("this process does not fit", fix="mend it")
        case "fail in the last process":
            wait(folder)
        case "take memory":
            keep_within(folder.job["compute"]["memory_gib"], folder.path)
            take_memory(folder)
        case "take memory until the kernel ends it":
            Path(folder.job["cgroup"], "cgroup.procs").write_text(str(os.getpid()))
            take_memory(folder)
    return {}


def wait(folder: JobFolder) -> None:
    try:
        while not (folder.path / "go on").exists():
            time.sleep(0.02)
    except Interrupted:
        (folder.checkpoints / "saved").write_text("")
        print(f"process {rank()} saved", flush=True)
        raise


def take_memory(folder: JobFolder) -> None:
    taken = []
    for _ in range(100):
        taken.append(b"x" * 10 * 2**20)
        time.sleep(0.01)


if __name__ == "__main__":
    if world_size() > 1:
        end_with_parent()
    (run_job if is_first() else follow_job)(main)
