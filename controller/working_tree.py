"""Check a spec's rows as they lie in a working tree: before a commit, and without a controller.

The same data job as the controller's own, in a child process and a temporary folder. Nothing is
pulled or kept: files are read where they are, tracked by DVC or not yet.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from controller.data.prepared import REPORT
from controller.data.pull import md5_of
from controller.errors import DataError
from controller.executors.foreground import Tell, run_here
from registry.bases import resolve_base
from registry.errors import BaseModelError
from registry.records import Failure, RunKind
from registry.settings import Settings
from specs.errors import Place
from specs.model import ModelSpec


@dataclass(frozen=True)
class Checked:
    """What the checks said of the rows of a working tree."""

    model: str
    report: Mapping[str, Any] | None
    """None where the files could not be read."""
    failure: Failure | None
    """Why the rows would be refused; None when they would be trained on."""


def check_working_tree(spec: ModelSpec, repo: Path, settings: Settings, *, tell: Tell) -> Checked:
    """Check the rows that ``spec`` names, as they lie in ``repo``.

    Raises:
        DataError: A data file is not there.
    """
    with TemporaryDirectory(prefix="trueup-data-") as place:
        folder = Path(place) / "job"
        job = _job(spec, repo, settings) | {
            "cache": str(Path(place) / "cache"),
            "prepared": str(Path(place) / "prepared"),
        }
        found = run_here(RunKind.DATA, folder, job, tell=tell)
        kept = folder / "output" / REPORT
        report = json.loads(kept.read_text(encoding="utf-8")) if kept.is_file() else None
    return Checked(spec.name, report, found if isinstance(found, Failure) else None)


def _job(spec: ModelSpec, repo: Path, settings: Settings) -> dict[str, Any]:
    files = {path: _file(path, repo) for path in _paths(spec)}
    training = spec.spec.training
    return {
        "task": spec.spec.task,
        "repo": {"url": str(repo), "mirror": None, "commit": ""},
        "data": spec.spec.data.model_dump(mode="json"),
        "hashes": {path: md5_of(file) for path, file in files.items()},
        "files": {path: str(file) for path, file in files.items()},
        "seed": training.seed,
        "base": _base(spec, repo, settings),
        "max_length": training.arguments.max_length,
    }


def _paths(spec: ModelSpec) -> list[str]:
    data = spec.spec.data
    named = (data.train, data.validation, data.test)
    return [path for path in named if isinstance(path, str)]


def _file(path: str, repo: Path) -> Path:
    file = repo.absolute() / path
    if not file.is_file():
        is_tracked = file.with_name(f"{file.name}.dvc").is_file()
        fix = f"dvc pull {path}" if is_tracked else "correct its path in the spec, or --repo"
        raise DataError("it is not here", place=Place(path), reason="DataAbsent", fix=fix)
    return file


def _base(spec: ModelSpec, repo: Path, settings: Settings) -> dict[str, str] | None:
    """The base where it lies on this machine: checking rows is no reason to fetch one."""
    declared, here = spec.spec.base, settings.model_copy(update={"offline": True})
    try:
        found = resolve_base(
            declared.model, declared.revision, repo_folder=repo.absolute(), settings=here
        )
    except BaseModelError:
        return None
    return {"model": found.model, "revision": found.revision, "folder": str(found.folder)}
