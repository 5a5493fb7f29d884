"""Memory that really runs out, and a loss that really is not a number."""

import hashlib
import json
import resource
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.torch
torch = pytest.importorskip("torch")

MEGABYTE = 2**20
ROWS = 16
WANTED = {"max_length": 128, "max_steps": 1}


@pytest.fixture
def long_rows(jobs):
    """A job over texts that fill 128 tokens."""

    def make(**arguments):
        folder = jobs.make(
            rows=ROWS,
            head={"init": "random"},
            arguments=WANTED | arguments,
            method="lora",
            # Adapters on all blocks: a step then holds the activations of all of them.
            lora={"layers_to_transform": "all", "target_modules": "all-linear"},
        )
        for split in ("train", "validation"):
            path = folder / "prepared" / f"{split}.jsonl"
            rows = [json.loads(line) for line in path.read_text().splitlines()]
            rows = rows[: ROWS if split == "train" else 2]
            lines = (json.dumps(row | {"text": f"{row['text']} " * 40}) + "\n" for row in rows)
            path.write_text("".join(lines))
        return folder

    return make


def run_within(folder: Path, megabytes: int) -> dict:
    """Run the job in a process that may have so much memory of its own."""

    def limit():
        resource.setrlimit(resource.RLIMIT_DATA, (megabytes * MEGABYTE,) * 2)

    with (folder / "log.txt").open("ab") as log:
        command = [sys.executable, "-m", "controller.training", str(folder)]
        done = subprocess.run(command, stdout=log, stderr=log, preexec_fn=limit, check=False)
    assert done.returncode == 0, (folder / "log.txt").read_text()
    return json.loads((folder / "result.json").read_text())


def weights_of(folder: Path) -> dict[str, str]:
    files = sorted((folder / "output").glob("*.safetensors"))
    return {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in files}


def events_of(folder: Path) -> list[dict]:
    lines = (folder / "progress.jsonl").read_text().splitlines()
    return [line for line in map(json.loads, lines) if line["kind"] == "event"]


def test_a_run_that_is_out_of_memory_takes_smaller_batches_and_the_same_steps(long_rows, jobs):
    folder, plain = long_rows(per_device_train_batch_size=ROWS), long_rows(
        per_device_train_batch_size=8, gradient_accumulation_steps=2
    )  # fmt: skip

    result = run_within(folder, 1100)

    assert result["ok"], result
    repairs = result["training"]["repairs"]
    assert [(one["reason"], one["from_step"]) for one in repairs] == [("OutOfMemory", 0)]
    assert [one["per_device_train_batch_size"] for one in repairs] == [8]
    assert [one["gradient_accumulation_steps"] for one in repairs] == [2]
    assert [one["message"] for one in events_of(folder)] == [one["message"] for one in repairs]
    assert (
        "repair: out of memory at step 1 with 16 rows a batch" in (folder / "log.txt").read_text()
    )
    jobs.run(plain)
    assert weights_of(folder) == weights_of(plain)


@pytest.mark.parametrize(("kills", "rows"), [(1, 4), (2, 2), (3, 1)])
def test_a_process_that_was_ended_for_its_memory_takes_less_at_its_next_start(
    long_rows, kills, rows
):
    from controller.job_protocol import MEMORY_FILE, JobFolder
    from controller.training.fitting.repairs import read_repairs, repaired
    from controller.training.job import read_job
    from controller.training.spent import Spent

    folder = long_rows(per_device_train_batch_size=8)
    (folder / MEMORY_FILE).write_text('{"message": "it took 9 GiB"}\n' * kills)
    job = read_job(json.loads((folder / "job.json").read_text()), threads=1)

    for _ in range(2):  # a line is answered once
        found = repaired(job, JobFolder(folder), Spent()).training.arguments

        shape = (found.per_device_train_batch_size, found.gradient_accumulation_steps)
        assert shape == (rows, 8 // rows)
        assert len(read_repairs(folder)) == kills


def test_memory_that_does_not_suffice_for_one_row_ends_the_run_with_what_would_help(long_rows):
    from controller.errors import TrainingError
    from controller.job_protocol import MEMORY_FILE, JobFolder
    from controller.training.fitting.repairs import repaired
    from controller.training.job import read_job
    from controller.training.spent import Spent

    folder = long_rows(per_device_train_batch_size=1)
    (folder / MEMORY_FILE).write_text('{"message": "it took 9 GiB"}\n')
    job = read_job(json.loads((folder / "job.json").read_text()), threads=1)

    with pytest.raises(TrainingError, match="one row a batch: it took 9 GiB") as raised:
        repaired(job, JobFolder(folder), Spent())

    assert raised.value.reason == "OutOfMemory"
    assert "lower training.arguments.max_length (it is 128)" in raised.value.fix
