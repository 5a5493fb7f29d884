"""Who starts a run, and who is asked about it afterwards."""

import json

import pytest

from controller.executors.dispatch import Executors
from controller.executors.local import LocalExecutor
from tests.fakes import ScriptedExecutor


@pytest.fixture
def cluster():
    made = ScriptedExecutor()
    made.held.add("train")
    return made


def executors(cluster):
    return Executors(LocalExecutor(threads=3, environment={}), {"ray": cluster})


def test_a_run_stays_with_the_executor_that_started_it(cluster, tmp_path):
    first = executors(cluster)
    first.prepare(tmp_path, {"compute": {"executor": "ray"}})

    job = first.start("train", tmp_path)
    (tmp_path / "job.json").write_text(json.dumps({"compute": {"executor": "local"}}))
    executors(cluster).kill(job)

    assert job["executor"] == "ray"
    assert cluster.killed == [job]


def test_only_training_leaves_the_controllers_machine(cluster, tmp_path):
    local = executors(cluster)
    local.prepare(tmp_path, {"compute": {"executor": "ray"}, "do": "nothing"})
    local._local._modules = {"evaluate": "this"}  # a module without a job: its process just ends

    job = local.start("evaluate", tmp_path)
    local._local._children[job["pid"]].wait(timeout=20)

    assert job["executor"] == "local"
    assert cluster.started == []
