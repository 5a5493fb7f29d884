"""Checkpoints that are whole or do not count.

Hugging Face's trainer writes a folder file by file, and resumes from whatever lies in the newest
one: without its optimizer file it goes on silently with a fresh optimizer. Here a checkpoint
counts only once a manifest with the hash of each of its files is in place, written last.
"""

import hashlib
import json
import os
import shutil
from collections.abc import Mapping
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
    """What was sealed with it: the seconds spent so far."""


def seal(folder: Path, facts: Mapping[str, Any]) -> None:
    """Make ``folder`` count: every byte on the disk first, then the manifest, at once."""
    files = sorted(path for path in folder.iterdir() if path.is_file() and path.name != MANIFEST)
    for path in (*files, folder):
        _flush(path)
    hashes = {path.name: _sha256(path) for path in files}
    manifest = {"format": 1, "files": hashes, "facts": dict(facts)}
    write_atomically(folder / MANIFEST, json.dumps(manifest, indent=1))
    _flush(folder)


def facts_of(folder: Path) -> Mapping[str, Any] | None:
    """What was sealed with ``folder``; None when it is not whole, for whatever reason."""
    try:
        manifest = json.loads((folder / MANIFEST).read_text())
        expected: dict[str, str] = manifest["files"]
        whole = all(_sha256(folder / name) == digest for name, digest in expected.items())
    except (OSError, ValueError, KeyError):
        return None
    facts: Mapping[str, Any] = manifest["facts"]
    return facts if whole else None


def newest_whole(checkpoints: Path) -> Checkpoint | None:
    """The newest checkpoint that verifies. Broken ones are deleted: they would be in the way."""
    for folder in sorted(checkpoints.glob(f"{PREFIX}*"), key=_step, reverse=True):
        facts = facts_of(folder)
        if facts is not None:
            return Checkpoint(folder, facts)
        print(f"checkpoint {folder.name} is not whole and is passed over", flush=True)  # noqa: T201
        shutil.rmtree(folder)
    return None


def drop_unsealed(checkpoints: Path) -> None:
    """Delete what was never finished, without reading what was."""
    for folder in checkpoints.glob(f"{PREFIX}*"):
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
