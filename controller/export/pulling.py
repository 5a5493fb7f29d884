"""Pull a version: fetch, merge if asked, shape, and only then put it where it was asked for."""

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from controller.errors import ExportError
from controller.export.fetching import Tell, fetch_version
from controller.export.shaping import Pulled, bring_base, describe, has_adapter, write_readme
from registry.bases import ResolvedBase, resolve_base
from registry.client import Client
from registry.settings import Settings

MODULE = "controller.export"


@dataclass(frozen=True)
class Wanted:
    """One version, and what is needed to get it."""

    api: Client
    settings: Settings
    name: str
    number: int
    tell: Tell


def pull_as_trained(wanted: Wanted, folder: Path) -> Pulled:
    """Make ``folder`` hold the version's files as they were trained: an adapter, or a model.

    Raises:
        BaseModelError: The base is not on the hub, and its files are not on this machine.
    """
    with _beside(folder) as work:
        lineage = _fetch(wanted, work)
        # The adapter names a base on the hub already; any other has to come along.
        if lineage["base"]["revision"].startswith("sha256:") and has_adapter(work):
            bring_base(work, _base(wanted, lineage).folder, at=folder)
        return _publish(wanted, work, folder)


def pull_merged(wanted: Wanted, folder: Path) -> Pulled:
    """Make ``folder`` hold one whole model: the base with the adapter merged into it.

    Raises:
        ExportError: The merged model gives other outputs than the adapter on its base.
        BaseModelError: The base's files are not on this machine, and cannot be fetched.
    """
    with _beside(folder) as work:
        base = _base(wanted, _fetch(wanted, work))
        if (work / "config.json").is_file():
            return _publish(wanted, work, folder)  # fully fine-tuned: a whole model already
        job = work.with_name("merge")
        job.mkdir()
        asked = {"version": str(work), "base": str(base.folder)}
        (job / "job.json").write_text(json.dumps(asked))
        difference = _run(job)["largest_difference"]
        pulled = _publish(wanted, job / "output", folder)
        return replace(pulled, merge_difference=difference)


@contextmanager
def _beside(folder: Path) -> Iterator[Path]:
    """A folder beside ``folder``, gone at the end: nobody ever sees half a model."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}-") as beside:
        work = Path(beside) / "version"
        work.mkdir()
        yield work


def _fetch(wanted: Wanted, work: Path) -> Mapping[str, Any]:
    detail = wanted.api.get_version(wanted.name, wanted.number)
    fetch_version(wanted.api, detail["files"], work, wanted.tell)
    lineage: Mapping[str, Any] = detail["lineage"]
    return lineage


def _base(wanted: Wanted, lineage: Mapping[str, Any]) -> ResolvedBase:
    base = lineage["base"]
    return resolve_base(base["model"], base["revision"], repo_folder=None, settings=wanted.settings)


def _run(job: Path) -> dict[str, Any]:
    with (job / "log.txt").open("wb") as log:
        subprocess.run(
            [sys.executable, "-m", MODULE, str(job)], stdout=log, stderr=log, check=False
        )
    try:
        result: dict[str, Any] = json.loads((job / "result.json").read_text())
    except OSError as error:
        last = (job / "log.txt").read_text().strip().rpartition("\n")[2]
        raise ExportError(f"the merging process ended without a result: {last}") from error
    if not result["ok"]:
        raise ExportError(result["message"], reason=result["reason"], fix=result["fix"])
    return result


def _publish(wanted: Wanted, work: Path, folder: Path) -> Pulled:
    pulled = describe(work, at=folder)
    write_readme(work, pulled, wanted.api.read_card(wanted.name, wanted.number))
    work.chmod(0o755)
    work.replace(folder)  # an empty folder that stands there gives way
    return pulled
