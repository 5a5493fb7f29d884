"""FSDP: each process holds its share of every weight, and the whole of one block at a time.

PyTorch's ``fully_shard`` is put on here, before the trainer gets the model: Accelerate leaves
CPUs out. Files never hold shares: the first process writes whole tensors, one gathered after the
other, so that any number of processes can go on from them. Whoever gathers or spreads must do so in
every process at once.
"""

import copy
import gc
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
import torch.distributed as dist
from torch import nn
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import fully_shard
from torch.distributed.tensor import DTensor, distribute_tensor

from controller.errors import TrainingError
from controller.training.job import TrainJob
from controller.training.learner import Learner
from controller.training.methods.precision import choose_precision
from controller.training.ranks import is_first, world_size
from controller.training.weights import need_same_names, trained_weights


def is_sharded(job: TrainJob) -> bool:
    """Whether the processes of this job share its weights; one alone holds all of them."""
    return job.strategy == "fsdp" and world_size() > 1


@contextmanager
def sharded(learner: Learner, job: TrainJob) -> Iterator[None]:
    """Inside, each process holds its share of the learner's model, where the job says so.

    Afterwards the first process has all of it, to measure and to save.

    Raises:
        TrainingError: When the base does not say what its blocks are.
    """
    if not is_sharded(job):
        yield
        return
    hollow = _hollow_copy(learner.model)
    shared = learner.model
    _shard(shared, job)
    yield
    gc.collect()  # the optimizer's state goes before the whole weights come
    _fill(hollow, shared)
    if is_first():
        learner.model = hollow.to(next(shared.parameters()).device)


def gathered(tensors: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """The whole of each tensor, in the first process; nothing in the others."""
    found = {name: _whole(tensor) for name, tensor in tensors.items()}
    return {name: tensor for name, tensor in found.items() if tensor is not None}


def spread(tensors: Mapping[str, torch.Tensor], over: nn.Module) -> None:
    """Put trained weights back, of which the first process has the whole."""
    wanted = trained_weights(over)
    if is_first():
        need_same_names(wanted, tensors)
    for name, parameter in wanted.items():
        whole = tensors[name] if is_first() else torch.empty(parameter.shape, dtype=parameter.dtype)
        mesh, placements = parameter.device_mesh, parameter.placements
        with torch.no_grad():
            parameter.copy_(distribute_tensor(whole.to(parameter.device), mesh, placements))


def keep_whole_states(optimizer: torch.optim.Optimizer) -> None:
    """Let ``optimizer`` give its state whole, to the first process, and take it back whole."""
    optimizer.register_state_dict_post_hook(_gather_state)
    optimizer.register_load_state_dict_pre_hook(_spread_state)


def _shard(model: nn.Module, job: TrainJob) -> None:
    plain = model.get_base_model() if hasattr(model, "get_base_model") else model
    kinds = set(getattr(plain, "_no_split_modules", None) or ())
    blocks = [module for module in plain.modules() if type(module).__name__ in kinds]
    if not blocks:
        problem = f"compute.strategy: fsdp, but {job.base.model} does not say what its blocks are"
        raise TrainingError(problem, reason="NotSupported", fix="use strategy: ddp")
    for parameter in trained_weights(model).values():
        dist.broadcast(parameter.data, src=0)
    mesh = init_device_mesh(choose_precision(job.training.arguments).device, (world_size(),))
    for block in blocks:
        fully_shard(block, mesh=mesh)
    # The outermost too, which by default stays whole until a backward pass: after validation there
    # is none, and whatever then reads the parameters must find shares.
    fully_shard(model, mesh=mesh, reshard_after_forward=True)


def _hollow_copy(model: nn.Module) -> nn.Module:
    """``model`` without the memory of its parameters, whose shares leave no way back to it."""
    memo: dict[int, Any] = {id(buffer): buffer for buffer in model.buffers()}
    for parameter in model.parameters():
        empty = torch.empty_like(parameter, device="meta")
        memo[id(parameter)] = nn.Parameter(empty, requires_grad=parameter.requires_grad)
    return copy.deepcopy(model, memo)


def _fill(hollow: nn.Module, model: nn.Module) -> None:
    places: dict[int, list[tuple[nn.Module, str]]] = {}  # tied weights have several
    for module in hollow.modules():
        for name, parameter in module.named_parameters(recurse=False):
            places.setdefault(id(parameter), []).append((module, name))
    empty = dict(hollow.named_parameters())
    for name, parameter in model.named_parameters():
        whole = _whole(parameter)
        if whole is not None:
            filled = nn.Parameter(whole, requires_grad=parameter.requires_grad)
            for module, attribute in places[id(empty[name])]:
                setattr(module, attribute, filled)


def _whole(tensor: torch.Tensor) -> torch.Tensor | None:
    """All of ``tensor``; None in all processes but the first."""
    plain = tensor.detach()
    whole = plain.full_tensor() if isinstance(plain, DTensor) else plain
    return whole if is_first() else None


def _gather_state(_optimizer: torch.optim.Optimizer, found: dict[str, Any]) -> dict[str, Any]:
    whole = {
        index: {name: _whole(value) if _is_tensor(value) else value for name, value in own.items()}
        for index, own in found["state"].items()
    }
    return found | {"state": whole if is_first() else {}}


def _spread_state(optimizer: torch.optim.Optimizer, found: dict[str, Any]) -> dict[str, Any]:
    parameters = [one for group in optimizer.param_groups for one in group["params"]]
    shares = {
        index: {name: _share(value, parameters[index]) for name, value in own.items()}
        for index, own in found["state"].items()
    }
    return found | {"state": shares}


def _share(value: Any, parameter: torch.Tensor) -> Any:
    if not _is_tensor(value) or value.shape != parameter.shape:
        return value  # such as the number of steps
    # Every process has read all of it: each takes its part, and nothing is sent.
    mesh, placements = parameter.device_mesh, parameter.placements
    return distribute_tensor(value.to(parameter.device), mesh, placements, src_data_rank=None)


def _is_tensor(value: Any) -> bool:
    return isinstance(value, torch.Tensor)
