"""Whether this machine can train what a spec asks for: said before anything is spent.

Found without torch, since the controller's process must not load it. What runs elsewhere is not
held against this machine: with ``compute.executor: ray`` only Ray itself has to be here.
"""

import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from shutil import which

from controller.torch_process import has_fast_bf16, usable_threads
from registry.records import Failure
from specs.model import Spec
from specs.problems import Loc, Problem, dotted
from specs.training import is_of_bitsandbytes

TRAINING: Loc = ("spec", "training")
ARGUMENTS: Loc = (*TRAINING, "arguments")
LIBRARIES = {
    "torch": "train",
    "transformers": "train",
    "peft": "train",
    "accelerate": "train",
    "bitsandbytes": "quantized",
    "ray": "ray",
    "presidio_analyzer": "pii",
    "lm_eval": "lm-eval",
}
"""Optional library → the extra that brings it."""
GPU_QUERY = ("--query-gpu=name,compute_cap", "--format=csv,noheader,nounits")
GPU_SECONDS = 10
FIRST_WITH_BF16 = 8.0
"""NVIDIA's compute capability from which bfloat16 is computed in hardware."""


@dataclass(frozen=True)
class Gpu:
    """One graphics processor."""

    name: str
    has_bf16: bool


@dataclass(frozen=True)
class Abilities:
    """What this machine can do, beside its memory."""

    cores: int
    """That this process may use."""
    has_fast_bf16: bool
    """Whether the CPU gains by bfloat16."""
    gpus: tuple[Gpu, ...]
    libraries: frozenset[str]
    """Those of ``LIBRARIES`` that are installed."""


def look_at_this_machine() -> Abilities:
    """Find out what this machine can do; loads no framework."""
    installed = frozenset(name for name in LIBRARIES if find_spec(name) is not None)
    return Abilities(usable_threads(), has_fast_bf16(), tuple(_gpus()), installed)


def unfit(spec: Spec, abilities: Abilities) -> list[Problem]:
    """What keeps this machine from training ``spec``; each with its place and a way out."""
    problems = [*_missing_for_checks(spec, abilities)]
    if spec.compute.executor == "ray":
        at: Loc = ("spec", "compute", "executor")
        return [*problems, *_missing(at, "executor: ray", ("ray",), abilities)]
    problems += _missing_libraries(spec, abilities)
    if spec.training.arguments.fp16 and not abilities.gpus:
        text = "fp16 needs an NVIDIA GPU, and this machine has none"
        problems.append(Problem((*ARGUMENTS, "fp16"), text, "remove it, or use bf16: true"))
    return problems


def remarks(spec: Spec, abilities: Abilities) -> list[str]:
    """What works here, but not as its name says, or slower than without."""
    if spec.compute.executor == "ray":
        return []
    arguments, found = spec.training.arguments, []
    on_cpu = not abilities.gpus or arguments.use_cpu
    if on_cpu and arguments.optim.startswith("paged"):
        text = "is not paged on a CPU; it does what it does without `paged_`"
        found.append(f"{dotted((*ARGUMENTS, 'optim'))}: {arguments.optim} {text}")
    gains = abilities.has_fast_bf16 if on_cpu else any(gpu.has_bf16 for gpu in abilities.gpus)
    if arguments.bf16 and not gains:
        text = "bfloat16 is slower than float32 on this machine, whose processor has no AMX"
        found.append(f"{dotted((*ARGUMENTS, 'bf16'))}: {text}; null takes what is faster")
    if on_cpu and spec.training.method == "qlora":
        text = "on a CPU a quantized base takes less memory, and more time"
        found.append(f"{dotted((*TRAINING, 'method'))}: {text}; lora is faster")
    return found


def refusal(spec: Spec, abilities: Abilities) -> Failure | None:
    """All that ``unfit`` finds, in the form that a model is stalled with."""
    problems = unfit(spec, abilities)
    if not problems:
        return None
    told = "; ".join(f"{dotted(one.loc)}: {one.text}" for one in problems)
    fixes = dict.fromkeys(one.fix for one in problems if one.fix)
    return Failure("MachineUnfit", told, "; ".join(fixes))


def _missing_for_checks(spec: Spec, abilities: Abilities) -> Iterator[Problem]:
    if spec.data.checks.personal_data_by == "presidio":
        at: Loc = ("spec", "data", "checks", "personal_data_by")
        yield from _missing(at, "personal_data_by: presidio", ("presidio_analyzer",), abilities)


def _missing_libraries(spec: Spec, abilities: Abilities) -> Iterator[Problem]:
    training = spec.training
    method = f"method: {training.method}"
    needs = ["torch", "transformers", "accelerate"]
    if training.method in ("lora", "qlora"):
        needs.append("peft")
    if training.method == "qlora":
        needs.append("bitsandbytes")
    yield from _missing((*TRAINING, "method"), method, needs, abilities)
    if spec.evaluation.lm_eval:
        of_harness: Loc = ("spec", "evaluation", "lm_eval")
        yield from _missing(of_harness, "lm_eval", ("lm_eval",), abilities)
    optim = training.arguments.optim
    if is_of_bitsandbytes(optim):
        at = (*ARGUMENTS, "optim")
        yield from _missing(at, f"optim: {optim}", ("bitsandbytes",), abilities)


def _missing(
    at: Loc, what: str, needs: "tuple[str, ...] | list[str]", abilities: Abilities
) -> Iterator[Problem]:
    for name in needs:
        if name not in abilities.libraries:
            text = f"{what} needs {name}, which is not installed here"
            yield Problem(at, text, f"pip install 'trueup[{LIBRARIES[name]}]'")


def _gpus() -> Iterator[Gpu]:
    if which("nvidia-smi") is None:
        return
    asked = ["nvidia-smi", *GPU_QUERY]
    try:
        done = subprocess.run(
            asked, capture_output=True, text=True, timeout=GPU_SECONDS, check=True
        )
        named = (line.rpartition(",") for line in done.stdout.splitlines())
        found = [Gpu(name.strip(), float(cap) >= FIRST_WITH_BF16) for name, _, cap in named]
    except (OSError, subprocess.SubprocessError, ValueError):
        return  # a driver that does not answer cannot be trained on either
    yield from found
