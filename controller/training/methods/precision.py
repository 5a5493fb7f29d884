"""On what, and in which number format, a job computes: decided once, and recorded."""

from dataclasses import dataclass
from typing import Literal

import torch

from controller.errors import TrainingError
from controller.torch_process import has_fast_bf16
from specs.training import Arguments

Device = Literal["cuda", "cpu"]
Format = Literal["float32", "bfloat16", "float16"]


@dataclass(frozen=True)
class Precision:
    """What the fit computes on and in; weights that are trained stay in float32."""

    device: Device
    format: Format


def choose_precision(arguments: Arguments) -> Precision:
    """Take the GPU where there is one; bfloat16 where it is asked for, or faster.

    On a CPU without AMX float32 is faster, avx512_bf16 or not: 119 rows a second to 79.

    Raises:
        TrainingError: When float16 is asked for on a CPU.
    """
    on_gpu = torch.cuda.is_available() and not arguments.use_cpu
    device: Device = "cuda" if on_gpu else "cpu"
    if arguments.fp16:
        if not on_gpu:
            problem = "training.arguments.fp16 needs an NVIDIA GPU, and there is none to be used"
            raise TrainingError(problem, reason="MachineUnfit", fix="remove it, or use bf16: true")
        return Precision(device, "float16")
    gains = torch.cuda.is_bf16_supported() if on_gpu else has_fast_bf16()
    wanted = gains if arguments.bf16 is None else arguments.bf16
    return Precision(device, "bfloat16" if wanted else "float32")
