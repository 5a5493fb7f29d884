"""Small training jobs over the real base, as the controller would start them."""

import json
import random
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from controller.training.__main__ import needs_bitsandbytes
from registry.bases import resolve_base
from registry.settings import Settings
from tests.jobs.forking import ForkedProcess, Forkserver

BASE = "sentence-transformers/all-MiniLM-L6-v2"
WANTS = {
    "refund": ["give my money back", "I want a refund for the order", "return the payment"],
    "delivery": ["where is my parcel", "the delivery is late", "track the package please"],
    "login": ["cannot sign in", "my password does not work", "the account is locked"],
}
TAILS = [
    "today",
    "please",
    "since Monday",
    "and I am annoyed",
    "again",
    "it was promised",
    "thanks",
]


def support_rows(count: int, seed: int) -> list[dict[str, Any]]:
    """Short support texts, by label in turn."""
    draw = random.Random(seed)
    rows = []
    for number in range(count):
        label = sorted(WANTS)[number % len(WANTS)]
        tails = " ".join(draw.sample(TAILS, draw.randint(0, 4)))
        text = f"{draw.choice(WANTS[label])} {tails}".strip()
        rows.append({"row": number + 1, "text": text, "label": label, "slices": {}})
    return rows


def write_rows(folder: Path, split: str, rows: list[dict[str, Any]]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{split}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))


def write_uneven_pairs(folder: Path) -> None:
    """41 pairs of prompt and completion: in steps of 8, the last has one row.

    So one of two processes has no row in it.
    """
    rows = [
        {
            "row": number,
            "prompt": f"row {number}",
            "completion": f"says {number % 7} " * (number % 5 + 1),
        }
        for number in range(41)
    ]
    for split in ("train", "validation"):
        write_rows(folder, split, rows)


@pytest.fixture(scope="session")
def tiny_base(tmp_path_factory) -> dict[str, str]:
    """A toy causal model that has hardly begun to learn."""
    from controller.training.tiny_base import make_tiny_base

    folder = tmp_path_factory.mktemp("bases") / "tiny"
    make_tiny_base(folder, [f"row {number} says {number % 7}" for number in range(60)], 3, steps=2)
    return {"model": "bases/tiny", "revision": "sha256:0", "folder": str(folder)}


@pytest.fixture(scope="session")
def minilm_base(tmp_path_factory) -> dict[str, str]:
    """The ``base`` of a job: the real MiniLM."""
    settings = Settings(home=tmp_path_factory.mktemp("home"), offline=True)
    found = resolve_base(BASE, None, repo_folder=None, settings=settings)
    return {"model": found.model, "revision": found.revision, "folder": str(found.folder)}


@pytest.fixture(scope="session")
def still_base(tmp_path_factory, minilm_base) -> dict[str, str]:
    """A BERT of two thin blocks and no dropout, random but for MiniLM's tokenizer.

    Without dropout, since two halves of a batch draw other masks than the whole.
    """
    from tests.jobs.thin_base import make_thin_base

    folder = tmp_path_factory.mktemp("bases") / "still"
    make_thin_base(folder, Path(minilm_base["folder"]), dropout=0.0)
    return {"model": "bases/still", "revision": "sha256:0", "folder": str(folder)}


class Jobs:
    """Makes job folders, and starts jobs as the controller does."""

    def __init__(
        self, base: dict[str, str], new_folder: Callable[[], Path], forks: dict[bool, Forkserver]
    ) -> None:
        self._base = base
        self._new_folder = new_folder
        self._forks = forks

    def make(
        self,
        *,
        rows: int = 120,
        arguments: dict[str, Any] | None = None,
        base: dict[str, str] | None = None,
        **training: Any,
    ) -> Path:
        """A folder with ``job.json`` and prepared rows; over MiniLM, if ``base`` says no other."""
        folder = self._new_folder()
        prepared = folder / "prepared"
        write_rows(prepared, "train", support_rows(rows, seed=1))
        write_rows(prepared, "validation", support_rows(30, seed=2))
        (prepared / "labels.json").write_text(json.dumps(sorted(WANTS)))
        chosen = {"per_device_train_batch_size": 8, "max_length": 16, "logging_steps": 2}
        chosen |= {"num_train_epochs": 1}
        wanted = {"method": "lora", "arguments": chosen | (arguments or {})} | training
        job = {"task": "text-classification", "model": "support", "training": wanted}
        job |= {"base": base or self._base, "prepared": str(prepared), "threads": 1}
        (folder / "job.json").write_text(json.dumps(job))
        return folder

    def make_causal(self, base: dict[str, str], *, compute: Any = None, **training: Any) -> Path:
        """A folder with a generative job over ``write_uneven_pairs``."""
        folder = self.make(base=base, **training)
        job = json.loads((folder / "job.json").read_text()) | {"task": "causal-lm"}
        job |= {} if compute is None else {"compute": compute}
        (folder / "job.json").write_text(json.dumps(job))
        write_uneven_pairs(folder / "prepared")
        return folder

    def start(self, folder: Path) -> ForkedProcess:
        """Start the job's process."""
        job = json.loads((folder / "job.json").read_text())
        return self._forks[needs_bitsandbytes(job)].start(folder)

    def run(self, folder: Path) -> dict[str, Any]:
        """Run the job to its end and give its result."""
        return self._result(folder, self.start(folder).wait())

    def run_afresh(self, folder: Path) -> dict[str, Any]:
        """Run the job by the very command that the controller starts."""
        command = [sys.executable, "-m", "controller.training", str(folder)]
        with (folder / "log.txt").open("ab") as log:
            done = subprocess.run(command, stdout=log, stderr=log, timeout=120, check=False)
        return self._result(folder, done.returncode)

    def _result(self, folder: Path, code: int) -> dict[str, Any]:
        assert code == 0, (folder / "log.txt").read_text()
        return json.loads((folder / "result.json").read_text())

    def start_until(self, folder: Path, *, exists: str) -> ForkedProcess:
        """Start the job and wait until it has made the file ``exists``."""
        process = self.start(folder)
        deadline = time.monotonic() + 60
        while not (folder / exists).exists():
            assert process.poll() is None, (folder / "log.txt").read_text()
            assert time.monotonic() < deadline, (folder / "log.txt").read_text()
            time.sleep(0.01)
        return process


@pytest.fixture(scope="session")
def forks():
    """What forks jobs, by whether they need bitsandbytes."""
    found = {False: Forkserver("bitsandbytes"), True: Forkserver()}
    yield found
    for one in found.values():
        one.close()


@pytest.fixture(scope="session")
def jobs(tmp_path_factory, minilm_base, forks) -> Jobs:
    """Jobs over the real base and made-up rows."""
    return Jobs(minilm_base, lambda: tmp_path_factory.mktemp("job"), forks)
