"""What Ray runs on each machine: one process of the job, watched until it ends.

A process of its own, rather than the training inside Ray's worker: so it is the very program that
the other executors start, with its own signals, threads and memory bound. It ends with the worker.
"""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import ray.train
import torch
import torch.distributed as dist

from controller.executors.mirror import Mirror
from controller.job_protocol import INTERRUPTED_EXIT_CODE
from registry.artifacts.opening import open_run_artifacts

SECONDS_BETWEEN_LOOKS = 0.2


class WorkerLostError(RuntimeError):
    """The process ended without a result: Ray starts all of them again."""


def work(config: dict[str, Any]) -> None:
    """Start this worker's process in a folder of its own, and pass on what it does there.

    Raises:
        WorkerLostError: When it ended without a result, and nobody asked it to.
    """
    told = _told()
    desk = RemoteDesk(config["desk"])
    if desk.is_finished():
        return
    store = open_run_artifacts(config["artifacts"], config["run"])
    mirror = Mirror(_new_folder(config["run"], told["RANK"]), desk, store)
    try:
        mirror.fill(config["job"], config["prepared"])
        code = _run(config["module"], mirror, told)
        stopped = code == INTERRUPTED_EXIT_CODE and desk.is_asked_to_stop()
        if code != 0 and not stopped and not desk.is_finished():
            raise WorkerLostError(f"a process of the job ended with {code}")
    finally:
        shutil.rmtree(mirror.folder, ignore_errors=True)


def _new_folder(run: str, rank: str) -> Path:
    prefix = f"trueup-{run}-{rank}-"
    for left in Path(tempfile.gettempdir()).glob(f"{prefix}*"):
        # Of a worker that was killed here; what it sealed is in the store.
        shutil.rmtree(left, ignore_errors=True)
    return Path(tempfile.mkdtemp(prefix=prefix))


def _run(module: str, mirror: Mirror, told: dict[str, str]) -> int:
    with (mirror.folder / "log.txt").open("ab") as log:
        node = ray.get_runtime_context().get_node_id()
        number = f"process {told['RANK']} of {told['WORLD_SIZE']}"
        log.write(f"{number} starts on Ray node {node[:8]}\n".encode())
        log.flush()
        process = subprocess.Popen(
            [sys.executable, "-m", module, str(mirror.folder)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            env=dict(os.environ) | told,
        )
    try:
        code = _wait(process, mirror)
        mirror.finish()
    finally:
        process.kill()
        process.wait()
    return code


class RemoteDesk:
    """The desk, asked over Ray; every call waits for its answer."""

    def __init__(self, actor: Any) -> None:
        """``actor`` is a ``FolderDesk``."""
        self._actor = actor

    def __getattr__(self, name: str) -> Any:
        """The desk's method ``name``."""
        method = getattr(self._actor, name)
        return lambda *arguments: ray.get(method.remote(*arguments))


def _told() -> dict[str, str]:
    context = ray.train.get_context()
    told = {
        "RANK": context.get_world_rank(),
        "WORLD_SIZE": context.get_world_size(),
        "LOCAL_RANK": context.get_local_rank(),
        "LOCAL_WORLD_SIZE": context.get_local_world_size(),
        "MASTER_PORT": _agreed_port(),
        "PYTHONUNBUFFERED": 1,
    }
    # As in torch's own launcher; MASTER_ADDR was set by Ray, for its own group.
    return {name: str(value) for name, value in told.items()}


def _agreed_port() -> int:
    port = torch.tensor(_free_port() if dist.get_rank() == 0 else 0)
    dist.broadcast(port, src=0)
    return int(port)


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("", 0))
        return int(found.getsockname()[1])


def _wait(process: "subprocess.Popen[bytes]", mirror: Mirror) -> int:
    told = False
    while (code := process.poll()) is None:
        if not told and mirror.desk.is_asked_to_stop():
            process.send_signal(signal.SIGTERM)
            told = True
        mirror.pass_on()
        time.sleep(SECONDS_BETWEEN_LOOKS)
    return code
