"""Tensors on the disk: safetensors, readable by everybody who may read the folder."""

from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import nn


def save_weights(tensors: Mapping[str, torch.Tensor], path: Path) -> None:
    """Write ``tensors``, sorted by name: the same tensors always give the same bytes."""
    plain = {name: tensors[name].detach().cpu().contiguous() for name in sorted(tensors)}
    save_file(plain, path, metadata={"format": "pt"})
    path.chmod(0o644)  # safetensors makes the file private to its owner


def load_weights(path: Path) -> dict[str, torch.Tensor]:
    """Read what ``save_weights`` wrote."""
    tensors: dict[str, torch.Tensor] = load_file(path)
    return tensors


def trained_weights(model: nn.Module) -> dict[str, torch.Tensor]:
    """The parameters that training changes, by name."""
    return {name: value for name, value in model.named_parameters() if value.requires_grad}


def restore_weights(model: nn.Module, tensors: Mapping[str, torch.Tensor]) -> None:
    """Put trained parameters back; every one of them must be there."""
    wanted = trained_weights(model)
    need_same_names(wanted, tensors)
    with torch.no_grad():
        for name, value in wanted.items():
            value.copy_(tensors[name])


def need_same_names(
    wanted: Mapping[str, torch.Tensor], tensors: Mapping[str, torch.Tensor]
) -> None:
    """ValueError unless ``tensors`` are those of the model whose are ``wanted``."""
    if wanted.keys() != tensors.keys():
        odd = sorted(wanted.keys() ^ tensors.keys())[:3]
        raise ValueError(f"the checkpoint is of another model: {odd}")


def without_tied(model: nn.Module) -> dict[str, torch.Tensor]:
    """The state of ``model`` with each tensor under one name: safetensors refuses two for one.

    Transformers ties them again when it loads.
    """
    seen: set[int] = set()
    kept = {}
    for name, value in model.state_dict().items():
        if value.data_ptr() not in seen:
            kept[name] = value
            seen.add(value.data_ptr())
    return kept
