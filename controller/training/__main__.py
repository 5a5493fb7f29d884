"""The training job: ``python -m controller.training FOLDER``."""

import json
import os
import sys
from pathlib import Path
from typing import Any

from controller.job_protocol import JobFolder, PeerLost, follow_job, run_job
from controller.torch_process import SLOW_AND_UNUSED, end_with_parent, settle, usable_threads
from controller.training import ranks
from controller.training.memory_bound import keep_within
from specs.training import is_of_bitsandbytes


def main() -> None:
    """Set what must be set before torch is imported, then run the job."""
    job = json.loads((Path(sys.argv[1]) / "job.json").read_text())
    hidden = SLOW_AND_UNUSED if needs_bitsandbytes(job) else (*SLOW_AND_UNUSED, "bitsandbytes")
    threads = int(job.get("threads") or 0) or usable_threads()
    settle(ranks.share_of(threads), hidden=hidden)
    if ranks.is_launched():
        end_with_parent()
    limit = job.get("compute", {}).get("memory_gib")
    if limit is not None:
        keep_within(float(limit), Path(sys.argv[1]))
    (run_job if ranks.is_first() else follow_job)(_train)


def _train(folder: JobFolder) -> dict[str, Any]:
    # torch, after the settings above
    from controller.training.fitting.repairs import StartAgain  # noqa: PLC0415
    from controller.training.runner import train  # noqa: PLC0415

    try:
        return train(folder)
    except StartAgain as again:
        if ranks.world_size() > 1:  # only all of them together can start anew
            raise PeerLost(f"all start again: {again}") from again
        # The same process to everybody outside, and none of its memory inside.
        os.execv(sys.executable, sys.orig_argv)  # noqa: S606  (this very command, again)


def needs_bitsandbytes(job: dict[str, Any]) -> bool:
    """Whether a job quantizes, or its optimizer does."""
    training = job.get("training", {})
    optimizer = training.get("arguments", {}).get("optim", "")
    return training.get("method") == "qlora" or is_of_bitsandbytes(optimizer)


if __name__ == "__main__":
    main()
