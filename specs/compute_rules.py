"""Rules about ``spec.compute``: what an executor can do with this training."""

from collections.abc import Iterator

from specs.model import Spec
from specs.problems import Problem, either

COMPUTE = ("spec", "compute")
METHODS_IN_SHARES = ("full", "lora")
"""What can train a model of which each process holds a part."""
OPTIMIZERS_IN_SHARES = ("adamw_torch", "adamw_torch_fused", "sgd")
"""Those that look at each weight alone, and so do not mind holding a part of them."""


def compute_fits(spec: Spec) -> Iterator[Problem]:
    """Nothing of ``compute`` is declared to an executor that would ignore it."""
    compute = spec.compute
    if compute.executor == "local" and compute.processes > 1:
        text = "executor local is one process"
        yield Problem((*COMPUTE, "processes"), text, "set executor: torchrun, or processes: 1")
    if compute.executor != "ray" and compute.resources:
        text = f"resources are for executor ray; {compute.executor} would ignore them"
        yield Problem((*COMPUTE, "resources"), text, "remove it, or set executor: ray", at_key=True)
    yield from _a_step_divides(spec)
    yield from _weights_can_be_shared(spec)


def _a_step_divides(spec: Spec) -> Iterator[Problem]:
    # Equal shares only: so N processes take the very steps that one would.
    arguments, processes = spec.training.arguments, spec.compute.processes
    rows = arguments.per_device_train_batch_size * arguments.gradient_accumulation_steps
    if rows % processes:
        text = f"{processes} processes cannot share the {rows} rows of a step equally"
        fix = "let per_device_train_batch_size * gradient_accumulation_steps be a multiple of it"
        yield Problem((*COMPUTE, "processes"), text, fix)


def _weights_can_be_shared(spec: Spec) -> Iterator[Problem]:
    if spec.compute.strategy != "fsdp":
        return
    training, use_ddp = spec.training, "use ddp"
    at = (*COMPUTE, "strategy")
    if spec.compute.processes == 1:
        yield Problem(at, "one process has nobody to share with", "raise processes, or use ddp")
        return
    if spec.task != "causal-lm":
        yield Problem(at, f"fsdp for {spec.task} is not supported yet", use_ddp)
    if training.method not in METHODS_IN_SHARES:
        text = f"fsdp for method {training.method} is not supported yet"
        yield Problem(at, text, f"use method: lora or full, or {use_ddp}")
    if training.arguments.optim not in OPTIMIZERS_IN_SHARES:
        text = f"fsdp for optim {training.arguments.optim} is not supported yet"
        yield Problem(at, text, f"use optim: {either(OPTIMIZERS_IN_SHARES)}, or {use_ddp}")
    if training.arguments.fp16:
        yield Problem(at, "fsdp for fp16 is not supported yet", f"use bf16, or {use_ddp}")
