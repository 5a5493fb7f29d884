"""What Ray runs on each machine: one process of the job, watched until it ends.

A process of its own, rather than the training inside Ray's worker: so it is the very program that
the other executors start, with its own signals, threads and memory bound. It ends with the worker.
"""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import ray.train
import torch
import torch.distributed as dist

from controller.executors.launching import STOP_FILE
from controller.job_protocol import INTERRUPTED_EXIT_CODE

SECONDS_BETWEEN_LOOKS = 0.2


class WorkerLostError(RuntimeError):
    """The process ended without a result: Ray starts all of them again."""


def work(config: dict[str, Any]) -> None:
    """Start this worker's process and wait for its end.

    Raises:
        WorkerLostError: When it ended without a result, and nobody asked it to.
    """
    folder = Path(config["folder"])
    told = _told()
    with (folder / "log.txt").open("ab") as log:
        node = ray.get_runtime_context().get_node_id()
        number = f"process {told['RANK']} of {told['WORLD_SIZE']}"
        log.write(f"{number} starts on Ray node {node[:8]}\n".encode())
        log.flush()
        process = subprocess.Popen(
            [sys.executable, "-m", config["module"], str(folder)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            env=dict(os.environ) | told,
        )
    try:
        code = _wait(process, folder)
    finally:
        process.kill()
        process.wait()
    stopped = code == INTERRUPTED_EXIT_CODE and (folder / STOP_FILE).exists()
    if not stopped and not (folder / "result.json").exists() and code != 0:
        raise WorkerLostError(f"a process of the job ended with {code}")


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


def _wait(process: "subprocess.Popen[bytes]", folder: Path) -> int:
    told = False
    while (code := process.poll()) is None:
        if not told and (folder / STOP_FILE).exists():
            process.send_signal(signal.SIGTERM)
            told = True
        time.sleep(SECONDS_BETWEEN_LOOKS)
    return code
