"""Adapters that start from the base's own weights, and are still plain LoRA when saved.

PiSSA and OLoRA take out of each weight what they put into the adapter. A version is an adapter for
the untouched base, so what is saved is the difference to the start: twice the rank, the same
outputs. LoftQ needs no such thing: the adapter starts as the best answer to the rounding of the
base, and the base stays.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
from peft import PeftModel, get_peft_model_state_dict
from peft.tuners.lora import LoraLayer
from safetensors import safe_open
from torch import nn

from controller.errors import TrainingError

ADAPTER = "default"
_START = "start_of_the_adapter"
_A, _B = ".lora_A.weight", ".lora_B.weight"


def remember_start(model: PeftModel) -> None:
    """Keep the adapter's start, which its saving subtracts."""
    state = adapter_state(model)
    setattr(model, _START, {name: value.detach().clone() for name, value in state.items()})


def adapter_state(model: PeftModel) -> dict[str, torch.Tensor]:
    """What PEFT would save."""
    # Saving embeddings too would make PEFT ask the hub whether the vocabulary was changed.
    state: dict[str, torch.Tensor] = get_peft_model_state_dict(model, save_embedding_layers=False)
    return state


def for_the_untouched_base(model: PeftModel) -> tuple[dict[str, torch.Tensor], dict[str, Any]]:
    """State and config of a plain LoRA over the base as it is on the disk.

    Where the start was taken out of the base, each pair becomes ``[scale B, -scale B0] [A; A0]``.
    """
    state = adapter_state(model)
    config = model.peft_config[ADAPTER].to_dict() | {"init_lora_weights": True}
    start: Mapping[str, torch.Tensor] | None = getattr(model, _START, None)
    if start is None:
        return state, config
    scales = _scales(model)
    for name in [name for name in state if name.endswith(_A)]:
        layer = name.removesuffix(_A)
        scale = scales[layer]
        state[layer + _A] = torch.cat([state[layer + _A], start[layer + _A]], dim=0)
        grown = [state[layer + _B] * scale, start[layer + _B] * -scale]
        state[layer + _B] = torch.cat(grown, dim=1)
    # The scale is in B now: alpha equals the rank everywhere.
    ranks = {pattern: 2 * rank for pattern, rank in config["rank_pattern"].items()}
    plain = {"r": 2 * config["r"], "lora_alpha": 2 * config["r"], "use_rslora": False}
    return state, config | plain | {"rank_pattern": ranks, "alpha_pattern": dict(ranks)}


def start_from_rounding(model: PeftModel, base_folder: Path) -> None:
    """LoftQ, one step: the adapter starts as the best fit to what 4 bits lost of each weight.

    Raises:
        TrainingError: When the base's own weights are not found in ``base_folder``.
    """
    from bitsandbytes.functional import dequantize_4bit  # noqa: PLC0415  (only for such a base)

    originals = _Originals(base_folder)
    for name, layer in _lora_layers(model):
        weight = layer.get_base_layer().weight
        if weight.__class__.__name__ != "Params4bit":
            continue  # the output layer is never quantized: nothing was lost
        held = dequantize_4bit(weight.data, weight.quant_state).float()
        lost = originals.find(name).to(held.device).float() - held
        u, s, v = torch.linalg.svd(lost, full_matrices=False)
        rank, root = layer.r[ADAPTER], s.sqrt()
        with torch.no_grad():
            layer.lora_A[ADAPTER].weight.copy_((root[:, None] * v)[:rank])
            layer.lora_B[ADAPTER].weight.copy_((u * root)[:, :rank] / layer.scaling[ADAPTER])


class _Originals:
    """The weights of a base on the disk, by the name of the layer in memory."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._files: dict[str, Path] = {}
        for path in sorted(folder.glob("*.safetensors")):
            with safe_open(path, framework="pt") as file:
                self._files |= dict.fromkeys(file.keys(), path)

    def find(self, layer: str) -> torch.Tensor:
        """Heads may add a prefix to the name, or take one off."""
        wanted = f"{layer}.weight"
        for name, path in self._files.items():
            if name == wanted or name.endswith(f".{wanted}") or wanted.endswith(f".{name}"):
                with safe_open(path, framework="pt") as file:
                    tensor: torch.Tensor = file.get_tensor(name)
                    return tensor
        problem = f"the base's own weights of {layer!r} are not in {self._folder}"
        fix = "use init_lora_weights: true instead of loftq"
        raise TrainingError(problem, reason="BaseModelUnfit", fix=fix)


def _lora_layers(model: PeftModel) -> Iterator[tuple[str, Any]]:
    for name, module in model.base_model.model.named_modules():
        if isinstance(module, LoraLayer):
            yield name, module


def _scales(model: nn.Module) -> dict[str, float]:
    prefix = "base_model.model."
    return {f"{prefix}{name}": layer.scaling[ADAPTER] for name, layer in _lora_layers(model)}
