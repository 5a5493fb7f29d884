"""Bases held in 4 or 8 bits by bitsandbytes: how they are loaded, and what must be set right first.

Training, evaluation and serving build a quantized base here and nowhere else, so that what is
served is what was trained and measured.
"""

import logging
from collections.abc import Mapping
from importlib.util import find_spec
from typing import Any

import torch
from torch import nn

from registry.errors import BaseModelError
from specs.training import Quantization

FOUR_BIT_LAYER = "Linear4bit"
EIGHT_BIT_LAYER = "Linear8bitLt"
INT8_STEPS = 127
LIBRARY = "bitsandbytes"
INSTALL = "pip install 'trueup[quantized]'"


def quantized_options(quantization: Quantization | None, *, name: str) -> dict[str, Any]:
    """What ``from_pretrained`` is told beside the folder; nothing for a base as it is.

    Raises:
        BaseModelError: bitsandbytes is not installed; it calls the base ``name``.
    """
    if quantization is None:
        return {}
    if not _is_importable():
        error = BaseModelError(name, f"quantization needs {LIBRARY}, which is missing", fix=INSTALL)
        error.reason = "QuantizationUnavailable"
        raise error
    from transformers import BitsAndBytesConfig  # noqa: PLC0415  (only where something is quantized)

    config = BitsAndBytesConfig(
        load_in_4bit=quantization.load_in_4bit,
        load_in_8bit=quantization.load_in_8bit,
        bnb_4bit_quant_type=quantization.bnb_4bit_quant_type,
        bnb_4bit_use_double_quant=quantization.bnb_4bit_use_double_quant,
        bnb_4bit_compute_dtype=quantization.bnb_4bit_compute_dtype,
    )
    device = "cuda:0" if torch.cuda.is_available() else "cpu"
    return {"quantization_config": config, "device_map": {"": device}}


def declared_quantization(manifest: Mapping[str, Any]) -> Quantization | None:
    """How a version's ``trueup.json`` says that its base is held; None: as it is."""
    found = manifest.get("quantization")
    return None if found is None else Quantization.model_validate(found)


def guard(model: nn.Module) -> nn.Module:
    """Make a model that bitsandbytes quantized right on every CPU; others are left as they are.

    On a CPU with avx512_bf16, bitsandbytes 0.50.2 repacks a 4-bit weight in the first forward pass
    without gradients, and from then on trains with a kernel that passes no gradient on: the cosine
    to the right gradients was 0.31, with no more than a warning. Where a layer's inputs are no
    multiple of 64, the same kernel fails. Layers that are told that the CPU cannot do it are right.
    """
    for module in model.modules():
        if type(module).__name__ == FOUR_BIT_LAYER:
            module.support_avx512bf16_for_cpu = False
    # It tells of every layer, at every step, of a cast that is meant.
    logging.getLogger("bitsandbytes.autograd._functions").setLevel(logging.ERROR)
    return model


def dequantized(model: nn.Module) -> nn.Module:
    """The model with float32 layers that hold what its quantized ones stand for."""
    from bitsandbytes.functional import dequantize_4bit  # noqa: PLC0415  (only for such a base)

    layers = dict(model.named_modules())
    for name, layer in layers.items():
        kind = type(layer).__name__
        if kind not in (FOUR_BIT_LAYER, EIGHT_BIT_LAYER):
            continue
        weight = layer.weight
        if kind == FOUR_BIT_LAYER:
            held = dequantize_4bit(weight.data, weight.quant_state).float()
        else:
            held = weight.data.float() * (weight.SCB[:, None] / INT8_STEPS)
        plain = nn.Linear(layer.in_features, layer.out_features, bias=layer.bias is not None)
        plain.weight = nn.Parameter(held, requires_grad=False)
        plain.bias = layer.bias
        parent, _, own = name.rpartition(".")
        setattr(layers[parent], own, plain)
    if getattr(model, "hf_quantizer", None) is not None:
        model.hf_quantizer.remove_quantization_config(model)
    return model


def parameter_bytes(model: nn.Module) -> int:
    """Bytes of the model's weights as they lie in memory, with the scales of quantized ones."""
    tensors = {value.data_ptr(): value for value in (*model.parameters(), *model.buffers())}
    for module in model.modules():
        state = getattr(getattr(module, "weight", None), "quant_state", None)
        for value in () if state is None else state.as_dict(packed=True).values():
            tensors[value.data_ptr()] = value
    return sum(value.numel() * value.element_size() for value in tensors.values())


def _is_importable() -> bool:
    try:
        return find_spec(LIBRARY) is not None
    except ValueError:  # hidden by torch_process.settle
        return False
