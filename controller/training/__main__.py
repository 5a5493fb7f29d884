"""The training job: ``python -m controller.training FOLDER``."""

import json
import os
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from controller.job_protocol import JobFolder, run_job
from controller.training.threads import usable_threads

SLOW_AND_UNUSED = ("datasets", "pandas", "sklearn")
"""Libraries that transformers imports when it finds them, for features that no job uses."""


def main() -> None:
    """Set what must be set before torch is imported, then run the job."""
    job = json.loads((Path(sys.argv[1]) / "job.json").read_text())
    _choose_threads(int(job.get("threads") or 0) or usable_threads())
    _hide(SLOW_AND_UNUSED if _needs_bitsandbytes(job) else (*SLOW_AND_UNUSED, "bitsandbytes"))
    run_job(_train)


def _train(folder: JobFolder) -> dict[str, Any]:
    from controller.training.runner import train  # noqa: PLC0415  (torch, after the settings above)

    return train(folder)


def _choose_threads(threads: int) -> None:
    # Spinning threads on a busy machine made training three times slower than one thread.
    os.environ["OMP_NUM_THREADS"] = str(threads)
    os.environ["OMP_WAIT_POLICY"] = "PASSIVE"
    os.environ["TOKENIZERS_PARALLELISM"] = "false"


def _needs_bitsandbytes(job: dict[str, Any]) -> bool:
    training = job.get("training", {})
    optimizer = training.get("arguments", {}).get("optim", "")
    return training.get("method") == "qlora" or "bnb" in optimizer


def _hide(names: tuple[str, ...]) -> None:
    # None in sys.modules is Python's own way to say "not importable": 2 CPU seconds a start.
    for name in names:
        if find_spec(name) is not None:
            sys.modules[name] = None  # type: ignore[assignment]  # documented, missing from typeshed


if __name__ == "__main__":
    main()
