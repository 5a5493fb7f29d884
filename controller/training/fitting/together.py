"""What the processes of one training job say to each other; one process alone says nothing.

Every process runs the same code. The first decides where they might differ: which checkpoint they
go on from, what validation measured, whether somebody asked to stop.
"""

import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist

from controller.job_protocol import FollowersFolder, JobFolder, PeerLost
from controller.training.fitting.checkpoints import newest_whole
from controller.training.ranks import is_first, rank, world_size

PATIENCE = timedelta(hours=2)
"""How long one waits for another, say while the first one validates. One that is gone is noticed at
once, by its closed connection."""
LOST_PEER = (
    "gloo",
    "connection closed by peer",
    "connection reset",
    "nccl",
    "tcpstore",
    "timed out",
)
"""What torch says, in one way or another, when another process of the group is gone."""


@contextmanager
def joined(folder: JobFolder) -> Iterator[None]:
    """Inside, the job's processes are one group, and go on from the same checkpoint.

    Raises:
        PeerLost: When another process is gone; what goes on with the job starts them all again.
    """
    if world_size() == 1:
        yield
        return
    is_ours = not dist.is_initialized()
    try:
        if is_ours:
            _join()
        _go_on_from_the_same(folder)
        yield
        wait()
    except (RuntimeError, ConnectionError) as error:
        if is_lost_peer(error):
            said = str(error).splitlines()[0]
            raise PeerLost(f"another process of the job is gone ({said})") from error
        raise
    finally:
        if is_ours:
            with suppress(Exception):
                dist.destroy_process_group()


def is_lost_peer(error: Exception) -> bool:
    """Whether ``error`` is only the echo of what happened in another process."""
    said = str(error).lower()
    told = any(word in said for word in LOST_PEER)
    return world_size() > 1 and (told or isinstance(error, dist.DistError | ConnectionError))


def wait() -> None:
    """Go on when all processes are here."""
    if world_size() > 1:
        dist.barrier()


def any_of(flag: bool) -> bool:  # noqa: FBT001  (the value itself)
    """Whether it is so in any process: all get the same answer."""
    if world_size() == 1:
        return flag
    told = torch.tensor(int(flag))
    dist.all_reduce(told, op=dist.ReduceOp.MAX)
    return bool(told)


def from_first(make: Callable[[], Any]) -> Callable[[], Any]:
    """``make``, called by the first process only; all get what it gave. JSON, never a pickle."""

    def shared() -> Any:
        if world_size() == 1:
            return make()
        text = json.dumps(make()).encode() if is_first() else b""
        size = torch.tensor(len(text))
        dist.broadcast(size, src=0)
        data = torch.zeros(int(size), dtype=torch.uint8)
        if is_first():
            data.copy_(torch.frombuffer(bytearray(text), dtype=torch.uint8))
        dist.broadcast(data, src=0)
        return json.loads(bytes(data.numpy()))

    return shared


def _join() -> None:
    backend = "gloo"
    local = int(os.environ.get("LOCAL_RANK", "0"))
    if torch.cuda.device_count() >= int(os.environ.get("LOCAL_WORLD_SIZE", "1")):
        # A GPU for each; what is said here still goes by gloo, since it lies on the CPU.
        torch.cuda.set_device(local)
        backend = "cpu:gloo,cuda:nccl"
    dist.init_process_group(backend, timeout=PATIENCE)


def seed_of_step(seed: int, step: int) -> int:
    """Seed of the random choices (dropout) of this process in one step.

    Drawn anew for each step, so that a run that is resumed needs no process's random state.
    """
    return (seed * 1_000_003 + step) * 1_009 + rank()


def _go_on_from_the_same(folder: JobFolder) -> None:
    # A follower works on copies in a folder of its own: only the first one's checkpoints count.
    chosen = from_first(lambda: _names_of_newest(folder.checkpoints))()
    if isinstance(folder, FollowersFolder):
        for name in chosen:
            shutil.copytree(
                folder.shared_checkpoints / name,
                folder.checkpoints / name,
                copy_function=_link_or_copy,
            )
    wait()  # until all have what they need, nobody may make newer ones and delete it


def _names_of_newest(checkpoints: Path) -> list[str]:
    start = newest_whole(checkpoints)
    if start is None:
        return []
    manifest = json.loads((start.folder / "manifest.json").read_text())
    return [start.folder.name, *manifest.get("needs", ())]


def _link_or_copy(source: str, target: str) -> str:
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)
    return target
