"""A job that takes too much memory is told from one that was lost."""

import os
import time
from pathlib import Path

import pytest

from controller.executors.base import Lost, Running
from controller.executors.local import LocalExecutor
from controller.executors.memory import kills_by_kernel

ROOT = Path(__file__).parents[3].parent
CGROUPS = Path("/sys/fs/cgroup/memory")


@pytest.fixture
def end_of(tmp_path, monkeypatch):
    """Run a job to its end without a result, and give what is said of it."""
    monkeypatch.chdir(ROOT)
    executor = LocalExecutor(
        threads=1, environment=dict(os.environ), modules={"train": "tests.jobs.scripted"}
    )

    def run(job: dict) -> Lost:
        executor.prepare(tmp_path, job)
        started = executor.start("train", tmp_path)
        deadline = time.monotonic() + 60
        while isinstance(state := executor.poll(tmp_path, started), Running):
            assert time.monotonic() < deadline
            time.sleep(0.05)
        assert executor.poll(tmp_path, started) == state, "told again, noted once"
        return state

    return run


def test_the_declared_bound_ends_a_job_and_says_so(end_of):
    lost = end_of({"do": "take memory", "compute": {"memory_gib": 0.2}})

    assert lost.reason == "OutOfMemory"
    assert "compute.memory_gib allows 0.2" in lost.detail
    assert "raise compute.memory_gib" in lost.fix


def test_the_kernels_own_kill_is_out_of_memory_too(end_of):
    group = CGROUPS / f"trueup-test-{os.getpid()}"
    try:
        group.mkdir()
    except OSError as error:
        pytest.skip(f"no memory cgroup can be made here: {error}")
    try:
        (group / "memory.limit_in_bytes").write_text(str(150 * 2**20))
        lost = end_of({"do": "take memory until the kernel ends it", "cgroup": str(group)})
    finally:
        group.rmdir()

    assert lost.reason == "OutOfMemory"
    assert "the kernel killed it" in lost.detail


def test_a_kernel_that_does_not_count_is_no_reason(tmp_path):
    assert kills_by_kernel(tmp_path / "none") == 0
