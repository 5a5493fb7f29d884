"""LoRA through PEFT: what is adapted, and files that are the same for the same weights."""

import json
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from peft import LoraConfig, PeftModel, get_peft_model, get_peft_model_state_dict
from torch import nn

from controller.errors import TrainingError
from controller.training.job import BaseModel
from controller.training.weights import save_weights
from registry.serving.engine_bases import quiet_peft
from specs.training import Lora

ADAPTER_FILE = "adapter_model.safetensors"
CONFIG_FILE = "adapter_config.json"

QUERY_AND_VALUE = (
    ("query", "value"),
    ("q_proj", "v_proj"),
    ("q_lin", "v_lin"),
    ("query_proj", "value_proj"),
    ("q", "v"),
    ("Wqkv",),
    ("query_key_value",),
    ("qkv_proj",),
)
"""What the query and value projections are called, over the architectures."""

OUTPUT_LAYERS = ("lm_head", "embed_out", "score", "classifier")


def add_lora(model: nn.Module, lora: Lora, *, task_type: str) -> PeftModel:
    """Put fresh LoRA layers into ``model``; they alone are trained.

    Raises:
        TrainingError: When ``target_modules`` names no layer of the model.
    """
    config = LoraConfig(
        r=lora.r,
        lora_alpha=lora.lora_alpha,
        lora_dropout=lora.lora_dropout,
        target_modules=target_modules(_linear_layers(model), lora.target_modules),
        use_rslora=lora.use_rslora,
        use_dora=lora.use_dora,
        init_lora_weights=lora.init_lora_weights,
        task_type=task_type,
    )
    with quiet_peft():
        return get_peft_model(model, config)


def target_modules(layers: Iterable[str], wanted: list[str] | str) -> list[str]:
    """Names to adapt, out of the dotted names of the model's linear ``layers``.

    ``auto`` is query and value, or everything where no such layer is known; ``all-linear`` is
    everything but the output layer. Names in a list must each end the name of some layer.
    """
    layers = list(layers)
    endings = {name.rpartition(".")[2] for name in layers}
    everything = sorted(endings - set(OUTPUT_LAYERS))
    if wanted == "auto":
        known = (list(pair) for pair in QUERY_AND_VALUE if set(pair) <= endings)
        return next(known, everything)
    if isinstance(wanted, str):
        return everything
    for name in wanted:
        if not any(layer == name or layer.endswith(f".{name}") for layer in layers):
            near = get_close_matches(name, everything, n=3, cutoff=0.4) or everything
            fix = f"the nearest are {', '.join(near)}; `auto` and `all-linear` always fit"
            problem = f"training.lora.target_modules: the base has no linear layer {name!r}"
            raise TrainingError(problem, reason="TargetModuleNotFound", fix=fix)
    return sorted(set(wanted))


def save_adapter(model: PeftModel, base: BaseModel, output: Path) -> None:
    """Write the adapter: the same weights always give the same bytes."""
    # Saving embeddings too would make PEFT ask the hub whether the vocabulary was changed.
    state = get_peft_model_state_dict(model, save_embedding_layers=False)
    save_weights(state, output / ADAPTER_FILE)
    config = canonical_config(model.peft_config["default"].to_dict(), base)
    (output / CONFIG_FILE).write_text(json.dumps(config, indent=2, sort_keys=True) + "\n")


def canonical_config(config: Mapping[str, Any], base: BaseModel) -> dict[str, Any]:
    """PEFT's config without what differs between runs: set order, local paths."""
    plain = {
        key: sorted(value) if isinstance(value, set) else value for key, value in config.items()
    }
    names = {
        key: sorted(set(plain[key]))
        for key in ("target_modules", "modules_to_save")
        if isinstance(plain.get(key), list)
    }
    is_commit = not base.revision.startswith("sha256:")
    return (
        plain
        | names
        | {
            "base_model_name_or_path": base.model,
            "revision": base.revision if is_commit else None,
            "inference_mode": True,
            "auto_mapping": None,
        }
    )


def _linear_layers(model: nn.Module) -> list[str]:
    # Matched by name, so that transformers' Conv1D (GPT-2) and quantised layers count as well.
    return [
        name
        for name, module in model.named_modules()
        if isinstance(module, nn.Linear) or type(module).__name__ in ("Conv1D", "Linear4bit")
    ]
