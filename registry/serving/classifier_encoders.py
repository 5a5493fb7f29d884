"""Encoders: a base without pooler or head, and how its vectors become one per text."""

import inspect
from pathlib import Path
from typing import Any

import torch
from torch import nn
from transformers import AutoConfig, AutoModel
from transformers.utils import logging

from registry.serving.architectures import check_architecture, unfit
from registry.serving.engine_bases import BasePool
from registry.serving.quantized_bases import guard, quantized_options
from specs.training import Quantization


class EncoderPool(BasePool):
    """Encoders by base folder; several versions share one base in memory."""

    def __init__(self) -> None:
        super().__init__(build_encoder)


def build_encoder(
    base_folder: Path, *, name: str | None = None, quantization: Quantization | None = None
) -> nn.Module:
    """Load the encoder of ``base_folder`` in float32, without pooler or head, in eval mode.

    With ``quantization`` its linear layers are held in 4 or 8 bits.

    Raises:
        BaseModelError: When the architecture has no encoder that can be pooled, or bitsandbytes is
            needed and missing; it calls the base ``name``, or by its folder.
    """
    name = name or str(base_folder)
    config = AutoConfig.from_pretrained(base_folder)
    kind = AutoModel._model_mapping.get(type(config), None)  # noqa: SLF001  (no public look-up)
    if kind is None or config.is_encoder_decoder or not hasattr(config, "hidden_size"):
        raise unfit(name, config.model_type, "text-classification")
    check_architecture(base_folder, name=name, task="text-classification")
    options: dict[str, Any] = {"dtype": torch.float32, "use_safetensors": True}
    options |= quantized_options(quantization, name=name)
    # A pooler would be loaded, never trained, and saved: heads here pool by themselves.
    if "add_pooling_layer" in inspect.signature(kind.__init__).parameters:
        options["add_pooling_layer"] = False
    logging.set_verbosity_error()  # the absent pooler is on purpose, and not worth a report
    logging.disable_progress_bar()
    model: nn.Module = kind.from_pretrained(base_folder, **options)
    return guard(model).eval()


def pooled(hidden: torch.Tensor, mask: torch.Tensor, pooling: str) -> torch.Tensor:
    """One vector per row: the mean over real tokens (``mean``), or the first token (``cls``)."""
    if pooling == "cls":
        return hidden[:, 0]
    weights = mask.unsqueeze(-1).to(hidden.dtype)
    return (hidden * weights).sum(1) / weights.sum(1).clamp(min=1)
