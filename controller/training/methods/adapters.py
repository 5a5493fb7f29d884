"""LoRA through PEFT: what is adapted, and files that are the same for the same weights."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from peft import LoraConfig, PeftModel, get_peft_model, prepare_model_for_kbit_training
from torch import nn

from controller.training.job import BaseModel, TrainJob
from controller.training.methods.initialisations import (
    for_the_untouched_base,
    remember_start,
    start_from_rounding,
)
from controller.training.methods.targets import (
    BaseNames,
    adapted_blocks,
    check_names,
    target_modules,
)
from controller.training.weights import save_weights
from registry.serving.engine_bases import quiet_peft
from specs.method_rules import initialisation_moves_weights

ADAPTER_FILE = "adapter_model.safetensors"
CONFIG_FILE = "adapter_config.json"
QUANTIZED_LAYERS = ("Linear4bit", "Linear8bitLt")
LISTS_OF_NAMES = ("target_modules", "modules_to_save", "exclude_modules")


def add_lora(model: nn.Module, job: TrainJob, *, task_type: str) -> PeftModel:
    """Put fresh LoRA layers into ``model``; they alone, and modules to save, are trained.

    How they start depends on base, spec and seed alone, so that a resumed run starts them alike.

    Raises:
        TrainingError: When the spec names a module that the base does not have.
    """
    lora = job.training.lora
    config = lora_config(job, model, task_type=task_type)
    if job.training.method == "qlora":
        model = prepare_model_for_kbit_training(model, use_gradient_checkpointing=False)
    with quiet_peft(), torch.random.fork_rng(devices=[]):
        torch.manual_seed(job.training.seed)
        adapted = get_peft_model(model, config)
    if lora.init_lora_weights == "loftq":
        start_from_rounding(adapted, job.base.folder)
    if initialisation_moves_weights(lora.init_lora_weights):
        remember_start(adapted)
    return adapted


def lora_config(job: TrainJob, model: nn.Module, *, task_type: str) -> LoraConfig:
    """PEFT's config for ``model``, its names found in it.

    Raises:
        TrainingError: When a name is not.
    """
    lora, base = job.training.lora, _names_in(model)
    targets = target_modules(base.linear, lora.target_modules)
    check_names(lora, base, targets)
    start = lora.init_lora_weights
    return LoraConfig(
        r=lora.r,
        lora_alpha=lora.lora_alpha,
        lora_dropout=lora.lora_dropout,
        target_modules=targets,
        exclude_modules=lora.exclude_modules or None,
        layers_to_transform=adapted_blocks(base.linear, lora, task=job.task),
        rank_pattern=dict(lora.rank_pattern),
        alpha_pattern=dict(lora.alpha_pattern),
        modules_to_save=lora.modules_to_save or None,
        bias=lora.bias,
        use_rslora=lora.use_rslora,
        use_dora=lora.use_dora,
        # PEFT's own LoftQ wants a GPU, and changes the base.
        init_lora_weights=True if start == "loftq" else start,
        task_type=task_type,
    )


def save_adapter(model: PeftModel, base: BaseModel, output: Path) -> None:
    """Write a plain LoRA for the untouched base: the same weights always give the same bytes."""
    state, found = for_the_untouched_base(model)
    save_weights(state, output / ADAPTER_FILE)
    config = canonical_config(found, base)
    (output / CONFIG_FILE).write_text(json.dumps(config, indent=2, sort_keys=True) + "\n")


def canonical_config(config: Mapping[str, Any], base: BaseModel) -> dict[str, Any]:
    """PEFT's config without what differs between runs: set order, local paths."""
    plain = {
        key: sorted(value) if isinstance(value, set) else value for key, value in config.items()
    }
    names = {
        key: sorted(set(plain[key])) for key in LISTS_OF_NAMES if isinstance(plain.get(key), list)
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


def _names_in(model: nn.Module) -> BaseNames:
    """Collect the names of ``model``."""
    # Matched by name, so that transformers' Conv1D (GPT-2) and quantised layers count as well.
    kinds = {name: type(module).__name__ for name, module in model.named_modules() if name}
    linear = [
        name
        for name, module in model.named_modules()
        if isinstance(module, nn.Linear) or kinds.get(name) in ("Conv1D", *QUANTIZED_LAYERS)
    ]
    quantized = frozenset(name for name, kind in kinds.items() if kind in QUANTIZED_LAYERS)
    return BaseNames(linear, list(kinds), quantized)
