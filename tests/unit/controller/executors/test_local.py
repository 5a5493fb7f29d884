"""Jobs as real child processes: every way they can end, and be found again."""

import os
import signal
import time
from pathlib import Path

import pytest

from controller.executors.base import Finished, Lost, Running
from controller.executors.local import LocalExecutor
from controller.executors.output import read_output

ROOT = Path(__file__).parents[3]


@pytest.fixture
def executor(monkeypatch):
    monkeypatch.chdir(ROOT)  # `python -m tests.jobs.scripted` is found from here
    made = new_executor()
    yield made
    for child in made._children.values():
        child.kill()
        child.wait()


def new_executor():
    environment = dict(os.environ)
    return LocalExecutor(
        threads=1, environment=environment, modules={"train": "tests.jobs.scripted"}
    )


def begin(executor, folder, do):
    executor.prepare(folder, {"do": do})
    return executor.start("train", folder)


def until(found, state, seconds=20.0):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        last = found()
        if isinstance(last, state):
            return last
        time.sleep(0.02)
    raise AssertionError(f"still {last}")


def starts(folder):
    path = folder / "starts"
    return len(path.read_text()) if path.exists() else 0


def until_started(folder, times):
    until(lambda: folder if starts(folder) >= times else None, Path)


def test_a_job_that_succeeds_hands_over_its_result(executor, tmp_path):
    job = begin(executor, tmp_path, "succeed")

    done = until(lambda: executor.poll(tmp_path, job), Finished)

    assert done.result == {"ok": True, "value": 42}


def test_a_typed_failure_comes_with_its_fix(executor, tmp_path):
    job = begin(executor, tmp_path, "fail")

    done = until(lambda: executor.poll(tmp_path, job), Finished)

    assert done.result["ok"] is False
    assert done.result["reason"] == "TrainingFailed"
    assert done.result["fix"] == "mend the rows"


def test_a_full_disk_is_worth_another_try(executor, tmp_path):
    job = begin(executor, tmp_path, "fill the disk")

    done = until(lambda: executor.poll(tmp_path, job), Finished)

    assert (done.result["reason"], done.result["is_transient"]) == ("DiskFull", True)


def test_a_bug_keeps_its_traceback_in_the_log_and_out_of_the_message(executor, tmp_path):
    job = begin(executor, tmp_path, "crash")

    done = until(lambda: executor.poll(tmp_path, job), Finished)

    assert done.result["message"] == "ValueError: a bug"
    assert "Traceback" in (tmp_path / "log.txt").read_text()


def test_a_killed_job_is_lost(executor, tmp_path):
    job = begin(executor, tmp_path, "wait")
    until_started(tmp_path, 1)

    executor.kill(job)

    assert until(lambda: executor.poll(tmp_path, job), Lost)


def test_an_interrupted_job_saves_its_work_and_leaves_no_result(executor, tmp_path):
    job = begin(executor, tmp_path, "wait")
    until_started(tmp_path, 1)

    executor.interrupt(job)
    until(lambda: executor.poll(tmp_path, job), Lost)

    assert (tmp_path / "checkpoints" / "saved").exists()


def test_a_new_controller_finds_a_job_that_goes_on(executor, tmp_path):
    job = begin(executor, tmp_path, "wait")
    until_started(tmp_path, 1)
    newcomer = new_executor()

    found = newcomer.poll(tmp_path, job)
    (tmp_path / "go on").touch()
    done = until(lambda: newcomer.poll(tmp_path, job), Finished)

    assert isinstance(found, Running)
    assert done.result["ok"] is True


def test_another_process_with_the_same_pid_is_not_taken_for_the_job(executor, tmp_path):
    stranger = {"pid": os.getpid(), "started": 1.0}

    assert isinstance(executor.poll(tmp_path, stranger), Lost)


def test_a_run_that_never_got_its_process_counts_as_lost(executor, tmp_path):
    assert isinstance(executor.poll(tmp_path, {}), Lost)


def test_two_processes_in_one_folder_do_the_work_once(executor, tmp_path):
    first = begin(executor, tmp_path, "wait")
    until_started(tmp_path, 1)
    second = executor.start("train", tmp_path)

    (tmp_path / "go on").touch()
    until(lambda: executor.poll(tmp_path, first), Finished)
    executor._children[second["pid"]].wait()

    assert starts(tmp_path) == 1


def test_output_is_read_once_and_only_in_whole_lines(executor, tmp_path):
    job = begin(executor, tmp_path, "succeed")
    until(lambda: executor.poll(tmp_path, job), Finished)

    first = read_output(tmp_path, job)
    with (tmp_path / "log.txt").open("a") as log:
        log.write("half a li")
    second = read_output(tmp_path, first.job)
    with (tmp_path / "log.txt").open("a") as log:
        log.write("ne\n")
    third = read_output(tmp_path, second.job)

    assert first.lines == ("started",)
    assert (first.progress.phase, first.progress.ratio) == ("working", 0.5)
    assert [point.value for point in first.points] == [0.5]
    assert (second.lines, third.lines) == ((), ("half a line",))


def test_a_job_outlives_the_signal_that_ends_its_controller_group(executor, tmp_path):
    job = begin(executor, tmp_path, "wait")
    until_started(tmp_path, 1)

    assert os.getpgid(job["pid"]) != os.getpgrp()
    os.killpg(job["pid"], signal.SIGKILL)
    assert until(lambda: executor.poll(tmp_path, job), Lost)
