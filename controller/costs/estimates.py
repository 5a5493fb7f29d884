"""From counted work and known rates to what a run will take. Pure: values in, values out."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from controller.costs.base_facts import BaseFacts
from controller.costs.rates import Rates
from controller.costs.workload import Tokens, Workload
from specs.training import Training

COUNTED = "counted on the prepared rows"
FULL_FACTOR = 3.0
"""A backward pass through trained weights costs two forward passes."""
FROZEN_FACTOR = 2.0
"""Through frozen ones it costs one: only the activations' gradients are needed."""
CHECKPOINTING_FACTOR = 1.0
"""Gradient checkpointing repeats the forward pass."""
VERSION_FILES_BYTES = 5000
OPTIMIZER_BYTES = {"sgd": 0, "adamw_bnb_8bit": 2}
"""State per trained parameter; two float32 moments for all others."""
ADAM_BYTES = 8
FLOAT_BYTES = 4
ACTIVATION_BYTES = 130.0
"""What a backward pass keeps of a token, for each unit of each block: seen with MiniLM, float32."""
LOGIT_BYTES = 20.0
"""The same for each entry of a causal model's vocabulary: logits, their softmax, gradients."""
KEPT_BY_CHECKPOINTING = 0.4
"""Share of the activations that gradient checkpointing leaves in memory; a careful guess."""
QUANTIZED_BYTES = {4: 0.56, 8: 1.02}
"""Bytes per parameter of a quantized matrix, scales included."""


@dataclass(frozen=True)
class Figure:
    """A planned quantity: never a bare value."""

    value: float
    low: float
    high: float
    basis: str
    """How it is known: counted, measured, computed, or typical."""

    @classmethod
    def counted(cls, value: float, basis: str = COUNTED) -> "Figure":
        """A figure without doubt."""
        return cls(value, value, value, basis)

    @classmethod
    def within(cls, value: float, spread: float, basis: str) -> "Figure":
        """A figure that is right within a factor of 1 + ``spread``."""
        return cls(value, value / (1 + spread), value * (1 + spread), basis)


@dataclass(frozen=True)
class Estimate:
    """What one run will take."""

    figures: Mapping[str, Figure]
    fit_cpu_seconds: float
    """Of ``cpu_seconds``, the share that forward and backward passes take."""
    flops: float
    """The work, in floating-point operations."""

    def as_json(self) -> dict[str, Any]:
        """For the record."""
        return {
            "figures": {name: asdict(one) for name, one in self.figures.items()},
            "work": {"fit_cpu_seconds": self.fit_cpu_seconds, "flops": self.flops},
        }


@dataclass(frozen=True)
class Run:
    """What is estimated: a recipe on a base, with its rows counted."""

    training: Training
    base: BaseFacts
    workload: Workload
    trained_parameters: int
    is_causal: bool
    shipped_bytes: int
    """Files of the base that every version carries: the tokenizer."""


def estimate(run: Run, rates: Rates) -> Estimate:
    """Say what ``run`` takes at these ``rates``."""
    fit = fit_cpu_seconds(run, rates)
    passing = forward_flops(run, run.workload.passed) / rates.forward_flops
    cpu = rates.start_cpu_seconds + passing + fit
    workload = run.workload
    time = Figure.within(cpu, rates.spread, rates.basis)
    earliest = time.low - fit * (1 - _share_before_stopping(run)) / (1 + rates.spread)
    figures = {
        "rows": Figure.counted(workload.rows),
        "validation_rows": Figure.counted(workload.validation_rows),
        "cut_rows": Figure.counted(workload.cut_rows),
        "tokens": Figure.counted(workload.tokens),
        "trained_tokens": Figure.counted(workload.trained.count),
        "steps": Figure.counted(workload.steps),
        "trained_parameters": Figure.counted(run.trained_parameters, "shapes of the base"),
        "cpu_seconds": replace(time, low=earliest),
        "seconds": Figure(
            cpu * rates.wall_ratio,
            earliest * rates.wall_ratio / (1 + rates.spread / 2),
            cpu * rates.wall_ratio * (1 + 1.5 * rates.spread),
            rates.basis,
        ),
        "peak_memory_bytes": Figure.within(
            peak_memory_bytes(run, rates), rates.memory_spread, rates.basis
        ),
        "artifact_bytes": _artifact(run, rates),
    }
    return Estimate(figures, fit, flops(run))


def flops(run: Run) -> float:
    """All floating-point operations of ``run``."""
    work = run.workload
    return training_flops(run, work.trained) + forward_flops(run, work.passed)


def forward_flops(run: Run, tokens: Tokens) -> float:
    """Operations of a forward pass over ``tokens``."""
    base = run.base
    head = base.hidden * base.vocabulary if run.is_causal and not _has_head(base) else 0
    attention = 4.0 * base.depth * base.hidden * tokens.squared
    return 2.0 * (base.multiplied + head) * tokens.count + attention


def training_flops(run: Run, tokens: Tokens) -> float:
    """Operations of a forward and a backward pass over ``tokens``."""
    factor = FULL_FACTOR if run.training.method == "full" else FROZEN_FACTOR
    if has_checkpointing(run.training):
        factor += CHECKPOINTING_FACTOR
    return factor * forward_flops(run, tokens)


def fit_cpu_seconds(run: Run, rates: Rates) -> float:
    """CPU seconds of all forward and backward passes of one process."""
    workload = run.workload
    work = training_flops(run, workload.trained) / workload.processes
    return workload.batches * rates.step_cpu_seconds + work / rates.training_flops


def peak_memory_bytes(run: Run, rates: Rates) -> float:
    """The most memory that one process of ``run`` holds."""
    return rates.fixed_bytes + rates.bytes_per_token * run.workload.widest.tokens.count


def typical_bytes_per_token(run: Run) -> float:
    """Memory that grows with the batch, by each of its tokens, as long as nothing was measured."""
    kept = ACTIVATION_BYTES * run.base.depth * run.base.hidden
    if has_checkpointing(run.training):
        kept *= KEPT_BY_CHECKPOINTING
    return kept + (LOGIT_BYTES * run.base.vocabulary if run.is_causal else 0.0)


def weights_bytes(run: Run) -> float:
    """What the weights, their gradients and the optimizer need at least: no batch, no library."""
    bits = quantized_bits(run.training)
    matrices = run.base.multiplied
    held = run.base.parameters * FLOAT_BYTES
    if bits:
        held = (run.base.parameters - matrices) * FLOAT_BYTES
        held += round(matrices * QUANTIZED_BYTES[bits])
    return held + run.trained_parameters * FLOAT_BYTES + _state_bytes(run)


def shared_weights_bytes(run: Run, processes: int) -> float:
    """The same when ``processes`` hold a share each, for the first: it loads, gathers and saves."""
    held, state = float(run.base.parameters * FLOAT_BYTES), _state_bytes(run)
    loading = held + held / processes
    stepping = weights_bytes(run) / processes
    saving = (held + state) / processes + state
    return max(loading, stepping, saving)


def _state_bytes(run: Run) -> float:
    each = OPTIMIZER_BYTES.get(run.training.arguments.optim, ADAM_BYTES)
    return float(run.trained_parameters * each)


def quantized_bits(training: Training) -> int:
    """4 or 8 where the base is held quantized, else 0."""
    if training.method != "qlora":
        return 0
    quantization = training.quantization
    return 8 if quantization is not None and quantization.load_in_8bit else 4


def has_checkpointing(training: Training) -> bool:
    """Whether activations are computed again instead of kept."""
    return bool(getattr(training.arguments, "activation_checkpointing", False))


def _share_before_stopping(run: Run) -> float:
    """The share of the epochs that is trained at least, where training may stop early."""
    stopping = run.training.early_stopping
    if stopping is None or run.workload.epochs <= 0:
        return 1.0
    return min(1.0, (stopping.patience + 1) / run.workload.epochs)


def _has_head(base: BaseFacts) -> bool:
    return any(layer.name.endswith("lm_head") for layer in base.layers)


def _artifact(run: Run, rates: Rates) -> Figure:
    if rates.artifact_bytes is not None:
        return Figure.within(rates.artifact_bytes, 0.02, rates.basis)
    size = run.trained_parameters * FLOAT_BYTES + run.shipped_bytes + VERSION_FILES_BYTES
    return Figure.within(size, 0.1, "shapes of what is trained")
