"""The merging job: ``python -m controller.export FOLDER``."""

from typing import Any

from controller.job_protocol import JobFolder, run_job
from controller.torch_process import settle, usable_threads


def _merge(folder: JobFolder) -> dict[str, Any]:
    from controller.export.merging import merge  # noqa: PLC0415  (torch, after the settings below)

    return merge(folder)


if __name__ == "__main__":
    settle(usable_threads())
    run_job(_merge)
