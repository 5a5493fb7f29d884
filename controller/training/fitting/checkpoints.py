"""Checkpoints that are whole or do not count.

Hugging Face's trainer writes a folder file by file, and resumes from whatever lies in the newest
one: without its optimizer file it goes on silently with a fresh optimizer. Here a checkpoint
counts only once a manifest with the hash of each of its files is in place, written last.
"""

import hashlib
import json
import os
import shutil
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from controller.job_protocol import write_atomically

MANIFEST = "manifest.json"
PREFIX = "checkpoint-"


@dataclass(frozen=True)
class Checkpoint:
    """A checkpoint that was found whole."""

    folder: Path
    facts: Mapping[str, Any]
    """What was sealed with it: the seconds spent so far, and how early stopping stands."""

    @property
    def step(self) -> int:
        """The optimizer steps it was made after."""
        return _step(self.folder)


def seal(folder: Path, facts: Mapping[str, Any], *, needs: Sequence[str] = ()) -> None:
    """Make ``folder`` count: every byte on the disk first, then the manifest, at once.

    ``needs`` names sealed folders beside it; without each of them whole it does not count.
    """
    files = sorted(path for path in folder.iterdir() if path.is_file() and path.name != MANIFEST)
    for path in (*files, folder):
        _flush(path)
    hashes = {path.name: _sha256(path) for path in files}
    manifest = {"format": 1, "files": hashes, "needs": list(needs), "facts": dict(facts)}
    write_atomically(folder / MANIFEST, json.dumps(manifest, indent=1))
    _flush(folder)
    _flush(folder.parent)


def facts_of(folder: Path) -> Mapping[str, Any] | None:
    """What was sealed with ``folder``; None when it is not whole, for whatever reason."""
    try:
        manifest = json.loads((folder / MANIFEST).read_text())
        expected: dict[str, str] = manifest["files"]
        whole = all(_sha256(folder / name) == digest for name, digest in expected.items())
        beside = [folder.parent / name for name in manifest.get("needs", ())]
        facts: Mapping[str, Any] = manifest["facts"]
    except (OSError, ValueError, KeyError):
        return None
    return facts if whole and all(facts_of(other) is not None for other in beside) else None


def newest_whole(checkpoints: Path) -> Checkpoint | None:
    """The newest checkpoint that verifies. Broken ones are deleted: they would be in the way."""
    for folder in sorted(checkpoints.glob(f"{PREFIX}*"), key=_step, reverse=True):
        facts = facts_of(folder)
        if facts is not None:
            return Checkpoint(folder, facts)
        print(f"checkpoint {folder.name} is not whole and is passed over", flush=True)  # noqa: T201
        shutil.rmtree(folder)
    return None


def drop_unneeded(checkpoints: Path, prefix: str, *, keep: Collection[str]) -> None:
    """Delete folders called ``prefix``... that no sealed checkpoint needs, but for ``keep``."""
    needed = set(keep)
    for path in checkpoints.glob(f"{PREFIX}*/{MANIFEST}"):
        needed.update(json.loads(path.read_text()).get("needs", ()))
    for folder in checkpoints.glob(f"{prefix}*"):
        if folder.name not in needed:
            shutil.rmtree(folder)


def drop_unsealed(checkpoints: Path) -> None:
    """Delete what was never finished, without reading what was."""
    for folder in checkpoints.iterdir():
        if not (folder / MANIFEST).exists():
            shutil.rmtree(folder)


def _step(folder: Path) -> int:
    step = folder.name.removeprefix(PREFIX)
    return int(step) if step.isdigit() else -1


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _flush(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
