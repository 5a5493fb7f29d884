"""``python -m controller.evaluation JOBDIR``: the evaluation job, as a child process."""

import json
import os
import sys
from pathlib import Path
from typing import Any

from controller.job_protocol import JobFolder, run_job

SLOW_AND_UNUSED = ("datasets", "pandas", "sklearn", "bitsandbytes")
"""Libraries that transformers imports when it finds them, for features that no evaluation uses."""


def main() -> None:
    """Set what must be set before torch is imported, then run the job."""
    job = json.loads((Path(sys.argv[1]) / "job.json").read_text())
    os.environ["OMP_NUM_THREADS"] = str(int(job.get("threads") or 1))
    os.environ["OMP_WAIT_POLICY"] = "PASSIVE"
    os.environ["TOKENIZERS_PARALLELISM"] = "false"
    for name in SLOW_AND_UNUSED:
        # None is Python's own way to say "not importable".
        sys.modules.setdefault(name, None)  # type: ignore[arg-type]  # documented, not in typeshed
    run_job(_evaluate)


def _evaluate(folder: JobFolder) -> dict[str, Any]:
    from controller.evaluation.job import evaluate  # noqa: PLC0415  (torch, after the settings above)

    return evaluate(folder)


if __name__ == "__main__":
    main()
