"""Run one job to its end, in the foreground: for a person who waits for it."""

import json
import subprocess
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from controller.executors.base import Job
from controller.executors.local import MODULES
from controller.executors.output import read_output
from registry.records import Failure, Progress

LOOK_SECONDS = 0.1

Tell = Callable[[str, Progress], None]
"""Called as work goes on, with what is done."""


def run_here(
    kind: str, folder: Path, job: Mapping[str, Any], *, tell: Tell
) -> Mapping[str, Any] | Failure:
    """Run the job of ``kind`` in the new ``folder``; its result, or why there is none."""
    folder.mkdir()
    (folder / "job.json").write_text(json.dumps(job))
    command = [sys.executable, "-m", MODULES[kind], str(folder)]
    seen: Job = {}
    with (
        (folder / "log.txt").open("wb") as log,
        subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log) as process,
    ):
        try:
            while process.poll() is None:
                output = read_output(folder, seen)
                seen = output.job
                if output.progress is not None:
                    tell(kind, output.progress)
                with suppress(subprocess.TimeoutExpired):
                    process.wait(LOOK_SECONDS)
        finally:
            process.kill()
    if not (folder / "result.json").exists():
        last = (folder / "log.txt").read_text(errors="replace").splitlines()[-1:]
        problem = f"the {kind} process was lost: {' '.join(last)}"
        return Failure("ProcessLost", problem, "ask again")
    result: dict[str, Any] = json.loads((folder / "result.json").read_text())
    if result["ok"]:
        return result
    return Failure(result["reason"], result["message"], result["fix"])
