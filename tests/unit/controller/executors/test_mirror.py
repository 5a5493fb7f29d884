"""A worker's copy of the job's folder: what leaves it, and what a worker that starts anew gets."""

import json

import pytest

from controller.executors.desk import FolderDesk
from controller.executors.mirror import Mirror
from controller.training.fitting.checkpoints import newest_whole, seal
from registry.artifacts.folders import put_folder
from registry.artifacts.opening import drop_run_artifacts, open_run_artifacts


class Run:
    """A job's folder on one machine, workers on others; they share the store alone."""

    def __init__(self, root):
        self.folder, self.root, self.artifacts = root / "r-1", root, str(root / "artifacts")
        self.folder.mkdir()
        (root / "rows").mkdir()
        (root / "rows" / "train.jsonl").write_text('{"text": "a"}\n')
        self.store = open_run_artifacts(self.artifacts, "r-1")
        self.prepared = put_folder(self.store, root / "rows")
        self.workers = 0

    @property
    def desk(self):
        return FolderDesk(str(self.folder), self.artifacts)

    def worker(self):
        self.workers += 1
        folder = self.root / f"worker-{self.workers}"
        folder.mkdir()
        mirror = Mirror(folder, self.desk, self.store)
        mirror.fill({"task": "causal-lm", "prepared": "/elsewhere"}, self.prepared)
        return mirror

    @property
    def stored(self):
        return sum(path.is_file() for path in (self.root / "artifacts").rglob("*"))


@pytest.fixture
def run(tmp_path):
    return Run(tmp_path)


def checkpoint(worker, step, text="weights"):
    folder = worker.folder / "checkpoints" / f"checkpoint-{step}"
    folder.mkdir(parents=True)
    (folder / "trained.safetensors").write_text(f"{text} {step}")
    return folder


def test_a_worker_gets_the_job_with_rows_of_its_own(run):
    worker = run.worker()

    job = json.loads((worker.folder / "job.json").read_text())

    assert job == {"task": "causal-lm", "prepared": str(worker.folder / "prepared")}
    assert (worker.folder / "prepared" / "train.jsonl").read_text() == '{"text": "a"}\n'


def test_a_base_that_is_not_on_the_workers_machine_comes_from_the_store(run, tmp_path):
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / "blob").write_text("{}")
    (tmp_path / "base").mkdir()
    (tmp_path / "base" / "config.json").symlink_to(tmp_path / "cache" / "blob")
    told = {"base": {"model": "org/base", "folder": str(tmp_path / "base")}}
    (run.folder / "job.json").write_text(json.dumps(told))
    worker = run.worker()

    worker.fill({"base": {"model": "org/base", "folder": "/not/here"}}, run.prepared)

    base = json.loads((worker.folder / "job.json").read_text())["base"]
    assert base == {"model": "org/base", "folder": str(worker.folder / "base")}
    assert (worker.folder / "base" / "config.json").read_text() == "{}"


def test_sealed_checkpoints_reach_a_worker_that_starts_anew_and_unsealed_ones_do_not(run):
    first = run.worker()
    seal(checkpoint(first, 4), {"is_finished": False})
    checkpoint(first, 8)
    first.pass_on()

    again = run.worker()

    found = newest_whole(again.folder / "checkpoints")
    assert (found.step, found.facts) == (4, {"is_finished": False})
    assert (found.folder / "trained.safetensors").read_text() == "weights 4"


def test_a_checkpoint_that_the_worker_deleted_leaves_the_store(run):
    worker = run.worker()
    before = run.stored
    for step in (4, 8):
        seal(checkpoint(worker, step), {})
        worker.pass_on()
    for path in (worker.folder / "checkpoints" / "checkpoint-4").iterdir():
        path.unlink()
    worker.pass_on()

    assert list(run.desk.kept()) == ["checkpoint-8"]
    assert run.stored == before + 2


def test_a_checkpoint_that_rotted_before_it_was_stored_does_not_count(run):
    worker = run.worker()
    folder = checkpoint(worker, 4)
    seal(folder, {})
    (folder / "trained.safetensors").write_text("rotten")

    worker.pass_on()

    assert run.desk.kept() == {}


def test_one_that_rots_in_the_store_gives_way_to_the_one_before(run):
    worker = run.worker()
    for step in (4, 8):
        seal(checkpoint(worker, step), {})
    worker.pass_on()
    run.store.discard(run.desk.kept()["checkpoint-8"]["trained.safetensors"].digest)

    again = run.worker()

    assert newest_whole(again.folder / "checkpoints").step == 4


def test_lines_and_repairs_go_out_once_and_the_next_worker_goes_on_from_them(run):
    first = run.worker()
    (first.folder / "log.txt").write_text("one\n")
    (first.folder / "progress.jsonl").write_text('{"step": 1}\n')
    (first.folder / "repairs.json").write_text("{}")
    first.pass_on()
    first.pass_on()

    again = run.worker()
    with (again.folder / "progress.jsonl").open("a") as file:
        file.write('{"step": 2}\n')
    (again.folder / "log.txt").write_text("two\n")
    again.pass_on()

    assert (run.folder / "log.txt").read_text() == "one\ntwo\n"
    assert (run.folder / "progress.jsonl").read_text() == '{"step": 1}\n{"step": 2}\n'
    assert (again.folder / "repairs.json").read_text() == "{}"


def test_the_result_comes_with_its_files_and_only_the_first_counts(run):
    one, two = run.worker(), run.worker()
    for worker, text in ((one, "first"), (two, "second")):
        (worker.folder / "output").mkdir()
        (worker.folder / "output" / "head.json").write_text(f'"{text}"')
        (worker.folder / "result.json").write_text(f'{{"ok": true, "by": "{text}"}}')

    one.finish()
    two.finish()

    assert json.loads((run.folder / "result.json").read_text())["by"] == "first"
    assert (run.folder / "output" / "head.json").read_text() == '"first"'


def test_what_a_run_kept_is_dropped_as_a_whole(run):
    seal(checkpoint(worker := run.worker(), 4), {})
    worker.pass_on()

    drop_run_artifacts(run.artifacts, "r-1")

    assert run.stored == 0
