"""``python -m controller.data JOBDIR``: the data job, as a child process."""

from controller.data.job import prepare
from controller.job_protocol import run_job

if __name__ == "__main__":
    run_job(prepare)
