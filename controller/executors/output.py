"""What a job says while it works: its log, its progress and its curves, read from its folder."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from controller.executors.base import Job
from registry.records import CurvePoint, Progress

OUTPUT_BYTES_PER_READ = 256 * 1024


@dataclass(frozen=True)
class Output:
    """What a job has said since the last look."""

    lines: tuple[str, ...]
    points: tuple[CurvePoint, ...]
    progress: Progress | None
    events: tuple[tuple[str, str], ...]
    """Kind and message of what the job wants to stand in the model's history."""
    job: Job
    """The job with its reading positions moved on."""


def read_output(folder: Path, job: Job) -> Output:
    """Read what the job has printed and reported since the positions in ``job``."""
    log, log_position = _new_lines(folder / "log.txt", job.get("log_position", 0))
    reports, progress_position = _new_lines(
        folder / "progress.jsonl", job.get("progress_position", 0)
    )
    parsed = [json.loads(line) for line in reports]
    progress = [line for line in parsed if line["kind"] == "progress"]
    points = [line for line in parsed if line["kind"] == "point"]
    return Output(
        lines=tuple(log),
        points=tuple(CurvePoint(p["step"], p["name"], p["value"]) for p in points),
        progress=_progress(progress[-1]) if progress else None,
        events=tuple((e["event"], e["message"]) for e in parsed if e["kind"] == "event"),
        job=dict(job) | {"log_position": log_position, "progress_position": progress_position},
    )


def _progress(line: Mapping[str, Any]) -> Progress:
    bare = Progress(line["phase"], line["step"], line["steps"])
    return replace(bare, message=line["message"], eta_seconds=line["eta_seconds"])


def _new_lines(path: Path, position: int) -> tuple[list[str], int]:
    # Only whole lines are taken: the rest of a line that is being written comes next time.
    if not path.exists():
        return [], position
    with path.open("rb") as file:
        file.seek(position)
        data = file.read(OUTPUT_BYTES_PER_READ)
    whole = data[: data.rfind(b"\n") + 1]
    return whole.decode(errors="replace").splitlines(), position + len(whole)
