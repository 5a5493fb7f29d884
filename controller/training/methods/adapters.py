"""LoRA through PEFT: what is adapted, and files that are the same for the same weights."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from peft import LoraConfig, PeftModel, get_peft_model, get_peft_model_state_dict
from torch import nn

from controller.training.job import BaseModel
from controller.training.methods.targets import target_modules
from controller.training.weights import save_weights
from registry.serving.engine_bases import quiet_peft
from specs.training import Lora

ADAPTER_FILE = "adapter_model.safetensors"
CONFIG_FILE = "adapter_config.json"


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
