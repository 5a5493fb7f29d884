"""The job's folder as its workers reach it: on the controller's machine, by what they say.

Workers on other machines do not see the folder. Each keeps a copy on its own disk (``mirror.py``)
and passes on what counts: lines, small texts, which checkpoints are in the store, and the result.
Torch-free: Ray runs it as an actor beside the controller.
"""

import json
import shutil
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, Protocol

from controller.executors.launching import STOP_FILE
from controller.job_protocol import MEMORY_FILE, REPAIRS_FILE, write_atomically
from registry.artifacts.folders import materialise
from registry.artifacts.opening import open_run_artifacts
from registry.records import Blob, Files
from specs.names import Digest

LINES = ("log.txt", "progress.jsonl", MEMORY_FILE)
"""Files that only grow."""
TEXTS = (REPAIRS_FILE,)
"""Small files that are replaced as a whole."""
CHECKPOINTS_FILE = "stored-checkpoints.json"
"""In the job's folder: which sealed checkpoints the store holds, and under which digests."""
Checkpoints = Mapping[str, Files]
"""Name of a sealed folder → its files."""


class Desk(Protocol):
    """What a worker says and asks."""

    def add(self, name: str, data: bytes) -> None:
        """Append bytes to one of ``LINES``."""
        ...

    def write(self, name: str, text: str) -> None:
        """Replace one of ``TEXTS``."""
        ...

    def read_all(self) -> dict[str, str]:
        """What stands in ``LINES`` (but for the log) and ``TEXTS`` so far."""
        ...

    def base(self) -> Files:
        """Put the job's base into the store, for a worker that has it not."""
        ...

    def keep(self, checkpoints: Checkpoints) -> None:
        """From now on these checkpoints count, and no others."""
        ...

    def kept(self) -> Checkpoints:
        """The checkpoints that count."""
        ...

    def deliver(self, output: Files, result: str) -> None:
        """Take the files of ``output`` from the store, then the result; the first counts."""
        ...

    def is_finished(self) -> bool:
        """Whether there is a result."""
        ...

    def is_asked_to_stop(self) -> bool:
        """Whether the processes are to save their step and end."""
        ...


class FolderDesk:
    """The desk of one job's folder."""

    def __init__(self, folder: str, artifacts: str) -> None:
        """``folder`` is the job's; ``artifacts`` the place of the artifact store."""
        self._folder = Path(folder)
        self._store = open_run_artifacts(artifacts, self._folder.name)

    def sees_folder(self) -> bool:
        """Whether this process is on the machine that has the folder."""
        return (self._folder / "job.json").exists()

    def add(self, name: str, data: bytes) -> None:
        """Append bytes to one of ``LINES``."""
        assert name in LINES, name
        with (self._folder / name).open("ab") as file:
            file.write(data)

    def write(self, name: str, text: str) -> None:
        """Replace one of ``TEXTS``."""
        assert name in TEXTS, name
        write_atomically(self._folder / name, text)

    def read_all(self) -> dict[str, str]:
        """What stands in ``LINES`` (but for the log) and ``TEXTS`` so far."""
        paths = [self._folder / name for name in (*LINES[1:], *TEXTS)]
        return {path.name: path.read_text() for path in paths if path.exists()}

    def base(self) -> Files:
        """Put the job's base into the store, for a worker that has it not."""
        folder = Path(json.loads((self._folder / "job.json").read_text())["base"]["folder"])
        # Not put_folder: in a Hugging Face cache every file is a link.
        return {
            path.relative_to(folder).as_posix(): self._store.put_file(path)
            for path in sorted(folder.rglob("*"))
            if path.is_file()
        }

    def keep(self, checkpoints: Checkpoints) -> None:
        """From now on these checkpoints count; what only others needed leaves the store."""
        before = _digests(self.kept())
        text = json.dumps(
            {
                name: {path: asdict(blob) for path, blob in files.items()}
                for name, files in checkpoints.items()
            },
            indent=1,
        )
        # The list first: a crash in between leaves bytes that nobody needs, never a gap.
        write_atomically(self._folder / CHECKPOINTS_FILE, text)
        for digest in before - _digests(checkpoints):
            self._store.discard(digest)

    def kept(self) -> Checkpoints:
        """The checkpoints that count."""
        path = self._folder / CHECKPOINTS_FILE
        found: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {}
        return {
            name: {path: Blob(**blob) for path, blob in files.items()}
            for name, files in found.items()
        }

    def deliver(self, output: Files, result: str) -> None:
        """Take the files of ``output`` from the store, then the result; the first counts."""
        if self.is_finished():
            return
        place = self._folder / "output"
        shutil.rmtree(place, ignore_errors=True)
        materialise(self._store, output, place)
        write_atomically(self._folder / "result.json", result)
        for digest in {blob.digest for blob in output.values()}:
            self._store.discard(digest)

    def is_finished(self) -> bool:
        """Whether there is a result."""
        return (self._folder / "result.json").exists()

    def is_asked_to_stop(self) -> bool:
        """Whether the processes are to save their step and end."""
        return (self._folder / STOP_FILE).exists()


def _digests(checkpoints: Checkpoints) -> set[Digest]:
    return {blob.digest for files in checkpoints.values() for blob in files.values()}
