"""A worker's own copy of the job's folder, on its own machine, kept in step with the desk.

The training program works in it as in any job's folder. Checkpoints go through the artifact store:
each sealed one is put there file by file under its content, and a worker that starts anew, on
whatever machine, gets them out again, verified.
"""

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from controller.executors.desk import LINES, TEXTS, Desk
from controller.job_protocol import write_atomically
from controller.training.fitting.checkpoints import MANIFEST
from registry.artifacts.base import ArtifactStore
from registry.artifacts.folders import materialise, put_folder
from registry.errors import ArtifactCorruptError, NotFoundError
from registry.records import Files


@dataclass
class Mirror:
    """One worker's folder."""

    folder: Path
    """Empty at first; of this worker alone."""
    desk: Desk
    store: ArtifactStore
    _passed_on: dict[str, int] = field(default_factory=dict)
    """File of ``LINES`` → bytes that the desk has."""
    _texts: dict[str, str] = field(default_factory=dict)
    _checkpoints: dict[str, Files] = field(default_factory=dict)

    def fill(self, job: Mapping[str, Any], prepared: Files) -> None:
        """Make the job's folder as it stands at the desk: job, rows, base, checkpoints."""
        rows = self.folder / "prepared"
        materialise(self.store, prepared, rows)
        own = dict(job) | {"prepared": str(rows)}
        if "base" in job and not Path(job["base"]["folder"]).is_dir():
            base = self.folder / "base"
            materialise(self.store, self.desk.base(), base)
            own["base"] = job["base"] | {"folder": str(base)}
        write_atomically(self.folder / "job.json", json.dumps(own))
        for name, text in self.desk.read_all().items():
            (self.folder / name).write_text(text)
            self._passed_on[name] = len(text.encode())
            self._texts[name] = text
        for name, files in self.desk.kept().items():
            target = self.folder / "checkpoints" / name
            try:
                materialise(self.store, files, target)
            except (NotFoundError, ArtifactCorruptError) as error:
                # An older one may be whole; without any, training starts anew.
                print(f"{name} is not whole in the store: {error}", flush=True)  # noqa: T201
                shutil.rmtree(target, ignore_errors=True)
                continue
            self._checkpoints[name] = files

    def pass_on(self) -> None:
        """Tell the desk what is new: lines, texts, and checkpoints that were sealed or deleted."""
        for name in LINES:
            self._pass_on_lines(name)
        for name in TEXTS:
            path = self.folder / name
            text = path.read_text() if path.exists() else ""
            if text != self._texts.get(name, ""):
                self.desk.write(name, text)
                self._texts[name] = text
        found = self._stored_checkpoints()
        if found != self._checkpoints:
            self.desk.keep(found)
            self._checkpoints = found

    def finish(self) -> None:
        """Pass on the rest, and the result with the files of ``output`` if there is one."""
        self.pass_on()
        result = self.folder / "result.json"
        if result.exists():
            output = self.folder / "output"
            files = put_folder(self.store, output) if output.is_dir() else {}
            self.desk.deliver(files, result.read_text())

    def _pass_on_lines(self, name: str) -> None:
        path = self.folder / name
        if not path.exists():
            return
        with path.open("rb") as file:
            file.seek(self._passed_on.get(name, 0))
            data = file.read()
        if data:
            self.desk.add(name, data)
            self._passed_on[name] = self._passed_on.get(name, 0) + len(data)

    def _stored_checkpoints(self) -> dict[str, Files]:
        found: dict[str, Files] = {}
        for manifest in sorted((self.folder / "checkpoints").glob(f"*/{MANIFEST}")):
            name = manifest.parent.name
            if name in self._checkpoints:
                found[name] = self._checkpoints[name]
            elif (files := self._stored(manifest)) is not None:
                found[name] = files
        return found

    def _stored(self, manifest: Path) -> Files | None:
        """The files of a sealed folder, now in the store; None when it went away meanwhile."""
        try:
            sealed: dict[str, str] = json.loads(manifest.read_text())["files"]
            files = put_folder(self.store, manifest.parent)
        except (OSError, ValueError):
            return None
        is_whole = all(
            name in files and files[name].digest == f"sha256:{digest}"
            for name, digest in sealed.items()
        )
        return files if is_whole else None
