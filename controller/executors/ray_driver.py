"""``python -m controller.executors.ray_driver MODULE FOLDER``: the job on a Ray cluster.

The controller's child, and the cluster job's driver: it places the job's processes, and Ray ends
them when it is gone, whatever ended it. Ray starts them again when a worker or its machine is lost;
they go on from the newest checkpoint in the artifact store. The job's folder is reached through a
desk, an actor beside this process: workers need to see the artifact store, not the folder.
"""

import json
import os
import signal
import socket
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from controller.executors.desk import CHECKPOINTS_FILE, FolderDesk
from controller.executors.launching import ARTIFACTS, RAY_ADDRESS, STOP_FILE, hold
from controller.job_protocol import INTERRUPTED_EXIT_CODE, write_atomically
from registry.artifacts.folders import put_folder
from registry.artifacts.opening import (
    absolute_place,
    drop_run_artifacts,
    open_run_artifacts,
    run_place,
)
from registry.records import Failure

SURVIVED_LOSSES = 3
"""How often Ray starts the processes anew, before it is the controller's turn."""
REACH_SECONDS = 5
QUIET = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_TRAIN_ENABLE_STATE_TRACKING": "0",
}


def main() -> None:
    """Hold the folder, run the job on the cluster, and say so when that cannot be."""
    module, folder = sys.argv[1], Path(sys.argv[2])
    hold(folder)
    if (folder / "result.json").exists():
        return
    (folder / STOP_FILE).unlink(missing_ok=True)
    _listen(folder)
    compute = json.loads((folder / "job.json").read_text())["compute"]
    failure = _run(module, folder, compute)
    if failure is not None:
        write_atomically(folder / "result.json", json.dumps({"ok": False} | asdict(failure)))
    if not (folder / "result.json").exists():
        sys.exit(INTERRUPTED_EXIT_CODE)


def _listen(folder: Path) -> None:
    """From now on SIGTERM asks the workers to save their step and end."""
    signal.signal(signal.SIGTERM, lambda _number, _frame: (folder / STOP_FILE).touch())


def _run(module: str, folder: Path, compute: dict[str, Any]) -> Failure | None:
    address = os.environ.get(RAY_ADDRESS)
    if not address:
        problem, fix = "no Ray cluster is named", f"set {RAY_ADDRESS} to host:port of its head"
        return Failure("RayAddressUnset", problem, fix)
    if not _is_reached(address):
        fix = f"start the cluster, or set {RAY_ADDRESS} to where it is"
        return Failure("RayUnreachable", f"no Ray at {address}", fix, is_transient=True)
    os.environ.update(QUIET)
    try:
        import ray  # noqa: PLC0415  (an extra of its own)
    except ModuleNotFoundError:
        fix = "pip install 'trueup[ray]' here and on every machine of the cluster"
        return Failure("RayMissing", "Ray is not installed", fix)
    # What Ray prints of itself is a line every few seconds; the job's own lines come by its folder.
    ray.init(address=address, logging_level="WARNING", log_to_driver=False)
    _listen(folder)  # again: Ray has just put its own answer to SIGTERM in place, which is to leave
    try:
        failure = _too_small(ray.cluster_resources(), compute)
        if failure is None:
            failure = _fit(module, folder, compute)
        return failure
    finally:
        ray.shutdown()


def _is_reached(address: str) -> bool:
    # Ray itself would try for a minute.
    host, _, port = address.removeprefix("ray://").rpartition(":")
    try:
        with socket.create_connection((host, int(port)), timeout=REACH_SECONDS):
            return True
    except (OSError, ValueError):
        return False


def _too_small(has: dict[str, float], compute: dict[str, Any]) -> Failure | None:
    for name, each in needs(compute).items():
        wanted = each * compute["processes"]
        if has.get(name, 0) < wanted:
            problem = f"the cluster has {has.get(name, 0):g} {name}, and the job needs {wanted:g}"
            fix = "lower compute.resources or compute.processes, or add machines to the cluster"
            return Failure("ClusterTooSmall", problem, fix, is_transient=True)
    return None


def needs(compute: dict[str, Any]) -> dict[str, float]:
    """What Ray must provide for each process."""
    wanted: dict[str, float] = compute["resources"]
    return {"CPU": 1.0} | wanted


def _fit(module: str, folder: Path, compute: dict[str, Any]) -> Failure | None:
    import ray  # noqa: PLC0415
    from ray.train import FailureConfig, RunConfig, ScalingConfig  # noqa: PLC0415
    from ray.train.torch import TorchConfig, TorchTrainer  # noqa: PLC0415

    from controller.executors.ray_worker import work  # noqa: PLC0415

    artifacts = absolute_place(os.environ[ARTIFACTS])
    desk = open_desk(folder, artifacts)
    if not ray.get(desk.sees_folder.remote()):
        problem = "the cluster's node beside the controller does not see the run's folder"
        fix = "start a node on the controller's machine: ray start --address=HEAD:6379 --num-cpus=0"
        return Failure("NoNodeHere", problem, fix, is_transient=True)
    job = json.loads((folder / "job.json").read_text())
    store = open_run_artifacts(artifacts, folder.name)
    resources = needs(compute)
    trainer = TorchTrainer(
        work,
        train_loop_config={
            "module": module,
            "run": folder.name,
            "job": job,
            "prepared": put_folder(store, Path(job["prepared"])) if "prepared" in job else {},
            "artifacts": artifacts,
            "desk": desk,
        },
        scaling_config=ScalingConfig(
            num_workers=compute["processes"],
            use_gpu=resources.get("GPU", 0) > 0,
            resources_per_worker=resources,
            placement_strategy="SPREAD",
        ),
        run_config=RunConfig(
            name="ray",
            # Ray wants a place that all workers see, for notes of its own.
            storage_path=run_place(artifacts, folder.name),
            failure_config=FailureConfig(max_failures=SURVIVED_LOSSES),
        ),
        # Only to agree on a port; the training processes make a group of their own.
        torch_config=TorchConfig(backend="gloo"),
    )
    trainer.fit()
    if (folder / "result.json").exists():
        (folder / CHECKPOINTS_FILE).unlink(missing_ok=True)
        drop_run_artifacts(artifacts, folder.name)
    return None


def open_desk(folder: Path, artifacts: str) -> Any:
    """An actor on this machine's node: the desk of ``folder``."""
    import ray  # noqa: PLC0415
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy  # noqa: PLC0415

    here = NodeAffinitySchedulingStrategy(ray.get_runtime_context().get_node_id(), soft=False)
    made = ray.remote(FolderDesk).options(num_cpus=0, scheduling_strategy=here)
    return made.remote(str(folder.absolute()), artifacts)


if __name__ == "__main__":
    main()
