"""Real errors of torch and safetensors, in Trueup's words."""

import errno
import shutil
import subprocess
from pathlib import Path

import pytest

from controller.errors import TrainingError
from controller.job_protocol import failure_of

pytestmark = pytest.mark.torch
torch = pytest.importorskip("torch")


@pytest.fixture
def job():
    from controller.training.job import read_job

    base = {"model": "org/base", "revision": "sha256:0", "folder": "/base"}
    found = {"task": "text-classification", "model": "m", "training": {"method": "full"}}
    return read_job(found | {"base": base, "prepared": "/prepared"}, threads=1)


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 64 kB; only root may mount one."""
    command = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(tmp_path)]
    try:
        subprocess.run(command, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("may not mount a file system here")
    yield tmp_path
    subprocess.run(["umount", "-l", str(tmp_path)], check=True)


def save_with_safetensors(folder):
    from safetensors.torch import save_file

    save_file({"a": torch.zeros(100_000)}, folder / "a.safetensors")


def save_with_torch(folder):
    torch.save({"a": torch.zeros(100_000)}, folder / "a.pt")


def write_text(folder):
    (folder / "a.txt").write_text("a" * 100_000)


@pytest.mark.parametrize("write", [save_with_safetensors, save_with_torch, write_text])
def test_a_full_disk_is_a_transient_failure_whoever_writes(job, small_disk, write):
    from controller.training.failures import typed_failures

    with pytest.raises(OSError, match="No space left") as raised, typed_failures(job, small_disk):
        write(small_disk)

    assert raised.value.errno == errno.ENOSPC
    failure = failure_of(raised.value)
    assert (failure.reason, failure.is_transient) == ("DiskFull", True)


def test_a_disk_that_fills_while_a_checkpoint_is_written_leaves_room_to_say_so(jobs, small_disk):
    made = jobs.make(rows=30, arguments={"save_steps": 1})
    shutil.copytree(made, small_disk, dirs_exist_ok=True)

    result = jobs.run(small_disk)

    assert (result["ok"], result["reason"], result["is_transient"]) == (False, "DiskFull", True)
    assert not list((small_disk / "checkpoints").iterdir())


def test_torch_out_of_memory_outside_the_fit_says_what_would_help(job):
    from controller.training.failures import typed_failures

    with pytest.raises(TrainingError) as raised, typed_failures(job, Path("/job")):
        torch.empty(1 << 50)

    assert raised.value.reason == "OutOfMemory"
    assert "max_length (it is 64)" in raised.value.fix


def test_other_errors_pass_unchanged(job):
    from controller.training.failures import typed_failures

    with pytest.raises(RuntimeError, match="mat1 and mat2"), typed_failures(job, Path("/job")):
        torch.zeros(2, 3) @ torch.zeros(2, 3)
