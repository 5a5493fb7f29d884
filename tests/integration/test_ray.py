"""Ray keeps to what every executor keeps to: a real cluster of two nodes, and one is killed."""

import hashlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil
import pytest

from controller.executors.base import Finished, Lost, Running
from controller.executors.desk import CHECKPOINTS_FILE
from controller.executors.local import LocalExecutor
from controller.executors.output import read_output
from registry.bases import resolve_base
from registry.settings import Settings
from tests.jobs.forking import TRAINING as TRAINING_MODULE
from tests.jobs.forking import Forkserver

ROOT = Path(__file__).parents[2]
MINILM = "sentence-transformers/all-MiniLM-L6-v2"
TRAINING = {
    "method": "lora",
    "arguments": {
        "num_train_epochs": 12,
        "per_device_train_batch_size": 8,
        "max_length": 16,
        "save_steps": 4,
        "logging_steps": 2,
    },
}
SECONDS = 240  # Ray starts slowly on a busy machine

pytestmark = pytest.mark.torch


@pytest.fixture(scope="module")
def cluster():
    """Where the cluster is, and the process that is its second node."""
    pytest.importorskip("ray", reason="needs the extra `ray`")
    folder = tempfile.mkdtemp(prefix="ray", dir="/tmp")  # a socket's path must be short
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.jobs.ray_cluster", folder],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )
    lines = (line for line in process.stdout if line.startswith(b'{"address"'))
    yield json.loads(next(lines))
    started = psutil.Process(process.pid).children(recursive=True)
    process.stdin.close()
    process.stdout.close()
    process.wait(timeout=60)
    for child in psutil.wait_procs(started, timeout=10)[1]:
        child.kill()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def artifacts(tmp_path):
    """The place of the artifact store, the only one that all workers see."""
    return tmp_path / "artifacts"


@pytest.fixture
def start(cluster, artifacts, tmp_path, monkeypatch):
    """Start a job on the cluster; everything is stopped at the end."""
    monkeypatch.chdir(ROOT)
    made = []

    def start(name: str, job: dict, module: str = "controller.training"):
        executor = LocalExecutor(
            threads=1,
            environment=os.environ
            | {"TRUEUP_RAY_ADDRESS": cluster["address"], "TRUEUP_ARTIFACTS": str(artifacts)},
            modules={"train": module},
            launcher="controller.executors.ray_driver",
        )
        folder = tmp_path / name
        compute = {"processes": 2, "resources": {}, "memory_gib": None}
        executor.prepare(folder, job | {"compute": compute})
        started = executor.start("train", folder)
        made.append((executor, started))
        return executor, folder, started

    yield start
    for executor, started in made:
        executor.kill(started)
        for child in executor._children.values():
            child.wait(timeout=60)


def until(found, seconds=SECONDS):
    end = time.monotonic() + seconds
    while not (last := found()):
        assert time.monotonic() < end, "took too long"
        time.sleep(0.05)
    return last


def training_job(folder: Path) -> dict:
    """A small LoRA job over a base that costs next to nothing."""
    from tests.jobs.thin_base import make_thin_base

    prepared = folder / "prepared"
    prepared.mkdir()
    for split, count in (("train", 120), ("validation", 12)):
        rows = [
            {"row": n, "text": f"{'refund my money' if n % 2 else 'where is it'} {n}", "slices": {}}
            | {"label": "refund" if n % 2 else "delivery"}
            for n in range(count)
        ]
        (prepared / f"{split}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (prepared / "labels.json").write_text('["delivery", "refund"]')
    settings = Settings(home=folder / "home", offline=True)
    minilm = resolve_base(MINILM, None, repo_folder=None, settings=settings).folder
    make_thin_base(folder / "thin", minilm, dropout=0.1)
    base = {"model": "bases/thin", "revision": "sha256:0", "folder": str(folder / "thin")}
    job = {"task": "text-classification", "model": "support", "training": TRAINING}
    return job | {"base": base, "prepared": str(prepared), "threads": 1}


def weights(folder: Path) -> dict[str, str]:
    names = ("adapter_model.safetensors", "head.safetensors")
    return {n: hashlib.sha256((folder / "output" / n).read_bytes()).hexdigest() for n in names}


def pids_in(log: Path) -> list[int]:
    """The pids of the job's own processes, as far as they have said them."""
    found = log.read_text() if log.exists() else ""
    return [int(pid) for pid in re.findall(r"^process \d has pid (\d+)$", found, re.MULTILINE)]


def test_an_adopted_job_that_is_interrupted_saves_and_leaves_no_process(start):
    executor, folder, job = start("job", {"do": "wait"}, "tests.jobs.scripted")
    until(lambda: len(pids_in(folder / "log.txt")) == 2)
    newcomer = LocalExecutor(threads=1, environment={})
    assert isinstance(newcomer.poll(folder, job), Running)

    newcomer.interrupt(job)

    until(lambda: isinstance(executor.poll(folder, job), Lost))
    log = (folder / "log.txt").read_text()
    assert "process 0 saved" in log, log
    assert "process 1 saved" in log, log
    # Ray ends its workers after the driver has gone; it takes a moment.
    until(lambda: not any(map(psutil.pid_exists, pids_in(folder / "log.txt"))), seconds=30)


def lose_the_second_node(raylet: int) -> None:
    """Kill the node, and what it ran; first of all its part of the job stands still.

    Else the job might have ended before anybody noticed that the node is gone.
    """
    below = psutil.Process(raylet).children(recursive=True)
    (trains,) = [process for process in below if "controller.training" in process.cmdline()]
    trains.suspend()
    os.kill(raylet, signal.SIGKILL)
    trains.kill()


def test_a_job_survives_the_loss_of_a_node_and_ends_with_the_same_weights(
    start, cluster, artifacts, tmp_path
):
    job = training_job(tmp_path)
    executor, folder, lost = start("lost", job)
    until((folder / CHECKPOINTS_FILE).exists)

    lose_the_second_node(cluster["second_raylet"])

    done = until(lambda: _finished(executor, folder, lost))
    assert done.result["ok"], done.result
    log = (folder / "log.txt").read_text()
    assert log.count("process 0 of 2 starts on Ray node") == 2, log
    # Both started anew in empty folders: the checkpoint came from the store, as do the files.
    assert "resuming from checkpoint-" in log
    assert not (folder / "checkpoints").exists()
    assert list(artifacts.iterdir()) == [artifacts / "runs"]
    until(lambda: not list((artifacts / "runs").iterdir()))  # the driver's last deed
    said = read_output(folder, lost)
    assert {point.name for point in said.points} >= {"train_loss", "validation_loss"}
    undisturbed = tmp_path / "undisturbed"
    executor.prepare(undisturbed, job)
    forks = Forkserver("bitsandbytes")
    forks.run_two(undisturbed, TRAINING_MODULE)
    forks.close()
    assert weights(folder) == weights(undisturbed)


def _finished(executor, folder, job) -> Finished | None:
    state = executor.poll(folder, job)
    assert not isinstance(state, Lost), (folder / "log.txt").read_text()
    return state if isinstance(state, Finished) else None
