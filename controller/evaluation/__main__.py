"""``python -m controller.evaluation JOBDIR``: the evaluation job, as a child process."""

import json
import sys
from pathlib import Path
from typing import Any

from controller.job_protocol import JobFolder, run_job
from controller.torch_process import SLOW_AND_UNUSED, settle, usable_threads


def main() -> None:
    """Set what must be set before torch is imported, then run the job."""
    job = json.loads((Path(sys.argv[1]) / "job.json").read_text())
    threads = int(job.get("threads") or 0) or usable_threads()
    manifest = json.loads((Path(job["version"]) / "trueup.json").read_text())
    is_quantized = manifest.get("quantization") is not None
    settle(threads, hidden=SLOW_AND_UNUSED if is_quantized else (*SLOW_AND_UNUSED, "bitsandbytes"))
    run_job(_evaluate)


def _evaluate(folder: JobFolder) -> dict[str, Any]:
    from controller.evaluation.job import evaluate  # noqa: PLC0415  (torch, after the settings above)

    return evaluate(folder)


if __name__ == "__main__":
    main()
