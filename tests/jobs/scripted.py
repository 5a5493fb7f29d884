"""A real job for tests: does what its ``job.json`` says, in a process of its own."""

import time
from typing import Any

from controller.errors import TrainingError
from controller.job_protocol import Interrupted, JobFolder, run_job


def main(folder: JobFolder) -> dict[str, Any]:
    print("started", flush=True)
    folder.progress("working", 1, 2, eta_seconds=1.0)
    folder.point(1, "loss", 0.5)
    with (folder.path / "starts").open("a") as file:
        file.write("x")
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
    return {}


def wait(folder: JobFolder) -> None:
    try:
        while not (folder.path / "go on").exists():
            time.sleep(0.02)
    except Interrupted:
        (folder.checkpoints / "saved").write_text("")
        raise


if __name__ == "__main__":
    run_job(main)
