"""``python -m controller.costs FOLDER``: the cost job, as a child process."""

import json
import sys
from pathlib import Path

from controller.costs.job import plan_costs
from controller.job_protocol import run_job
from controller.torch_process import SLOW_AND_UNUSED, settle, usable_threads
from controller.training.__main__ import needs_bitsandbytes


def main() -> None:
    """Set what must be set before torch is imported (a calibration does), then run the job."""
    job = json.loads((Path(sys.argv[1]) / "job.json").read_text())
    hidden = SLOW_AND_UNUSED if needs_bitsandbytes(job) else (*SLOW_AND_UNUSED, "bitsandbytes")
    settle(int(job.get("threads") or 0) or usable_threads(), hidden=hidden)
    run_job(plan_costs)


if __name__ == "__main__":
    main()
