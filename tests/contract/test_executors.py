"""What every executor keeps to: one suite, run on each that starts real processes here.

Ray keeps to it too, on a cluster of two nodes: ``tests/integration/test_ray.py``.
"""

import os
import signal
import time
from pathlib import Path

import psutil
import pytest

from controller.executors.base import Finished, Lost, Running
from controller.executors.local import LocalExecutor
from controller.executors.output import read_output

ROOT = Path(__file__).parents[2]
LAUNCHERS = {"local": None, "torchrun": "controller.executors.torchrun"}


class Place:
    """One executor, and what it is asked to run."""

    def __init__(self, name: str, folder: Path) -> None:
        self.processes = 1 if name == "local" else 2
        self.folder = folder
        self._name = name
        self._made: list[LocalExecutor] = []
        self.executor = self.newcomer()

    def newcomer(self) -> LocalExecutor:
        """As after a restart of the controller: nothing is remembered but the run record."""
        made = LocalExecutor(
            threads=1,
            environment=dict(os.environ),
            modules={"train": "tests.jobs.scripted"},
            launcher=LAUNCHERS[self._name],
        )
        self._made.append(made)
        return made

    def begin(self, do: str) -> dict:
        compute = {"executor": self._name, "processes": self.processes, "memory_gib": None}
        self.executor.prepare(self.folder, {"do": do, "compute": compute})
        return self.executor.start("train", self.folder)

    def until(self, job: dict, state: type, executor: LocalExecutor | None = None):
        return until(lambda: (executor or self.executor).poll(self.folder, job), state)

    def pids(self) -> list[int]:
        """The job's own processes, once all of them work."""
        files = [self.folder / f"pid-{number}" for number in range(self.processes)]
        until(lambda: self if all(f.exists() and f.read_text() for f in files) else None, Place)
        return [int(file.read_text()) for file in files]

    def close(self) -> None:
        for executor in self._made:
            for child in executor._children.values():
                child.kill()
                child.wait()


def until(found, state, seconds=60.0):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        last = found()
        if isinstance(last, state):
            return last
        time.sleep(0.05)
    raise AssertionError(f"still {last}")


def gone(pids: list[int]) -> bool:
    return not any(
        psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
        for pid in pids
    )


@pytest.fixture(params=["local", pytest.param("torchrun", marks=pytest.mark.torch)])
def place(request, tmp_path, monkeypatch):
    if request.param == "torchrun":
        pytest.importorskip("torch")
    monkeypatch.chdir(ROOT)  # `python -m tests.jobs.scripted` is found from here
    made = Place(request.param, tmp_path)
    yield made
    made.close()


def test_a_job_streams_what_it_does_and_is_adopted_by_the_next_controller(place):
    job = place.begin("wait")
    place.pids()
    said = read_output(place.folder, job)
    newcomer = place.newcomer()

    assert isinstance(newcomer.poll(place.folder, job), Running)
    (place.folder / "go on").touch()
    done = place.until(job, Finished, newcomer)

    assert done.result["ok"]
    assert "started" in said.lines
    assert (said.progress.step, said.progress.steps) == (1, 2)
    assert [(point.name, point.value) for point in said.points] == [("loss", 0.5)]


def test_a_failure_of_any_process_comes_typed(place):
    job = place.begin("fail in the last process")

    done = place.until(job, Finished)

    assert (done.result["ok"], done.result["reason"]) == (False, "TrainingFailed")
    assert done.result["fix"] == "mend it"


def test_an_interrupted_job_ends_without_a_result_and_goes_on_when_started_again(place):
    job = place.begin("wait")
    place.pids()

    place.executor.interrupt(job)
    place.until(job, Lost)
    saved = (place.folder / "checkpoints" / "saved").exists()
    (place.folder / "go on").touch()
    again = place.executor.start("train", place.folder, before=job)

    assert saved
    assert place.until(again, Finished).result["ok"]


def test_a_killed_job_leaves_no_process(place):
    job = place.begin("wait")
    pids = [*place.pids(), job["pid"]]

    place.executor.kill(job)

    assert isinstance(place.until(job, Lost), Lost)
    until(lambda: place if gone(pids) else None, Place, seconds=5)


def test_one_lost_process_takes_the_others_with_it_and_the_job_can_go_on(place):
    job = place.begin("wait")
    pids = place.pids()

    os.kill(pids[-1], signal.SIGKILL)

    lost = place.until(job, Lost)
    assert lost.reason == "ProcessLost"
    until(lambda: place if gone(pids) else None, Place, seconds=5)


@pytest.mark.torch
def test_processes_whose_launcher_is_killed_do_not_outlive_it(tmp_path, monkeypatch):
    pytest.importorskip("torch")
    monkeypatch.chdir(ROOT)
    place = Place("torchrun", tmp_path)
    job = place.begin("wait")
    pids = place.pids()

    os.kill(job["pid"], signal.SIGKILL)

    place.until(job, Lost)
    until(lambda: place if gone(pids) else None, Place, seconds=5)
    place.close()
