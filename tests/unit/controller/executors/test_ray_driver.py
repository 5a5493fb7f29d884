"""What is said when there is no cluster to run on; no Ray is needed to say it."""

import os
from pathlib import Path

import pytest

from controller.executors.base import Finished
from controller.executors.local import LocalExecutor
from controller.executors.ray_driver import _too_small

ROOT = Path(__file__).parents[4]
COMPUTE = {"processes": 2, "resources": {"GPU": 1}}


@pytest.mark.parametrize(
    ("address", "said"),
    [(None, ("RayAddressUnset", False)), ("127.0.0.1:1", ("RayUnreachable", True))],
)
def test_a_cluster_that_is_not_there_is_a_typed_failure(tmp_path, monkeypatch, address, said):
    monkeypatch.chdir(ROOT)
    environment = {name: value for name, value in os.environ.items() if "RAY" not in name}
    environment |= {"TRUEUP_RAY_ADDRESS": address} if address else {}
    executor = LocalExecutor(
        threads=1, environment=environment, launcher="controller.executors.ray_driver"
    )
    executor.prepare(tmp_path, {"compute": COMPUTE})

    job = executor.start("train", tmp_path)

    executor._children[job["pid"]].wait(timeout=60)
    state = executor.poll(tmp_path, job)
    assert isinstance(state, Finished), (tmp_path / "log.txt").read_text()
    assert (state.result["reason"], state.result["is_transient"]) == said
    assert "TRUEUP_RAY_ADDRESS" in state.result["fix"]


def test_a_cluster_that_is_too_small_is_named_with_what_it_lacks():
    failure = _too_small({"CPU": 8.0, "GPU": 1.0}, COMPUTE)

    assert failure.reason == "ClusterTooSmall"
    assert str(failure.message) == "the cluster has 1 GPU, and the job needs 2"
    assert _too_small({"CPU": 8.0, "GPU": 2.0}, COMPUTE) is None
