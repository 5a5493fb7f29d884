"""Features of the frozen base, kept on disk from one trial of a search to the next.

A key names all that a feature depends on: the base, its quantization, the pooling and the very
tokens. So a trial that changes only the head, or how training goes on from it, finds them; one
that changes the length, the truncation or the rows does not. What is read is verified by its hash
and is bit for bit what would have been computed.
"""

import hashlib
import json
import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from controller.training.job import TrainJob
from controller.training.learner import TokenRow

FORMAT = 1
MOST_BYTES = 2**30
"""Kept at most, for one model; the oldest go first. 1 GiB is 700,000 rows of MiniLM."""
VECTORS = "vectors"
HASH = "sha256"


class FeatureStore:
    """Features of one frozen base with one pooling."""

    def __init__(self, job: TrainJob, pooling: str) -> None:
        """Keeps nothing for a training that is no trial."""
        self._folder = None if job.trial is None else job.trial.features
        quantization = job.training.quantization
        self._base = {
            "format": FORMAT,
            "base": job.base.revision,
            "quantization": None if quantization is None else quantization.model_dump(),
            "pooling": pooling,
            "threads": job.threads,  # they decide the last bits
            "torch": torch.__version__,
        }

    def get(self, rows: Sequence[TokenRow], compute: Callable[[], torch.Tensor]) -> torch.Tensor:
        """The vectors of ``rows``: those kept, or what ``compute`` gives, kept from now on."""
        if self._folder is None or not rows:
            return compute()
        path = self._folder / f"{self._key(rows)}.safetensors"
        found = _read(path)
        if found is None:
            found = compute()
            with suppress(OSError):  # a full disk must not end a trial that has its features
                _write(path, found)
        return found

    def _key(self, rows: Sequence[TokenRow]) -> str:
        digest = hashlib.sha256(json.dumps(self._base, sort_keys=True).encode())
        for row in rows:
            digest.update(b"%d:" % len(row["input_ids"]))
            digest.update(torch.tensor(row["input_ids"], dtype=torch.int64).numpy().tobytes())
        return digest.hexdigest()


def _read(path: Path) -> torch.Tensor | None:
    try:
        with safe_open(path, framework="pt") as file:
            vectors: torch.Tensor = file.get_tensor(VECTORS)
            expected = (file.metadata() or {}).get(HASH)
    except (OSError, SafetensorError):
        return None
    if _hash(vectors) != expected:
        print(f"{path.name} is not what was kept; it is made again", flush=True)  # noqa: T201
        return None
    path.touch()
    return vectors


def _write(path: Path, vectors: torch.Tensor) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(f".{os.getpid()}.partial")
    try:
        save_file({VECTORS: vectors.contiguous()}, partial, metadata={HASH: _hash(vectors)})
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
    _keep_within(path.parent, MOST_BYTES)


def _keep_within(folder: Path, most_bytes: int) -> None:
    kept = 0
    for path in sorted(folder.iterdir(), key=lambda path: -path.stat().st_mtime):
        kept += path.stat().st_size
        if kept > most_bytes:
            path.unlink()


def _hash(vectors: torch.Tensor) -> str:
    return hashlib.sha256(vectors.contiguous().numpy().tobytes()).hexdigest()
