"""What would make a training fit into memory, each with what it would then take. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from controller.costs.estimates import (
    ADAM_BYTES,
    FLOAT_BYTES,
    KEPT_BY_CHECKPOINTING,
    Estimate,
    Run,
    estimate,
    has_checkpointing,
    weights_bytes,
)
from controller.costs.rates import Rates
from controller.costs.workload import Lengths, count
from specs.training import Training

SHORTEST = 16


@dataclass(frozen=True)
class Remedy:
    """A change of the spec, and what the run would take with it."""

    change: str
    estimate: Estimate

    @property
    def peak_memory_bytes(self) -> float:
        """The most that it may need."""
        return self.estimate.figures["peak_memory_bytes"].high


def remedies(
    run: Run, rates: Rates, lengths: Lengths, *, limit: float, processes: int
) -> list[Remedy]:
    """The changes of ``run`` that fit below ``limit`` bytes, least intrusive first."""
    found: list[Remedy] = []
    for change, training, changed in _changes(run, rates):
        tried = replace(run, training=training)
        cut = _cut(lengths, training)
        tried = replace(tried, workload=count(cut, training, processes=processes))
        made = estimate(tried, changed)
        if made.figures["peak_memory_bytes"].high <= limit:
            kind = change.partition(":")[0]
            if all(kind != one.change.partition(":")[0] for one in found):
                found.append(Remedy(change, made))
    return found


def _changes(run: Run, rates: Rates) -> Iterator[tuple[str, Training, Rates]]:
    training, arguments = run.training, run.training.arguments
    size, steps = arguments.per_device_train_batch_size, arguments.gradient_accumulation_steps
    while size > 1:
        size, steps = (size + 1) // 2, steps * 2
        words = f"per_device_train_batch_size: {size} with gradient_accumulation_steps: {steps}"
        made = {"per_device_train_batch_size": size, "gradient_accumulation_steps": steps}
        yield words, _with_arguments(training, **made), rates
    if "activation_checkpointing" in type(arguments).model_fields and not has_checkpointing(
        training
    ):
        kept = replace(rates, bytes_per_token=rates.bytes_per_token * KEPT_BY_CHECKPOINTING)
        on = _with_arguments(training, activation_checkpointing=True)
        yield "activation_checkpointing: true", on, kept
    if training.method == "full":
        saved = float(run.trained_parameters * (FLOAT_BYTES + ADAM_BYTES))
        yield "method: lora", _with_method(training, "lora"), _less(rates, saved)
    if training.method in {"full", "lora"}:
        quantized = _with_method(training, "qlora")
        saved = weights_bytes(run) - weights_bytes(
            replace(run, training=quantized, trained_parameters=0)
        )
        yield "method: qlora", quantized, _less(rates, saved)
    length = arguments.max_length
    while length // 2 >= SHORTEST:
        length //= 2
        yield f"max_length: {length}", _with_arguments(training, max_length=length), rates


def _less(rates: Rates, saved: float) -> Rates:
    return replace(rates, fixed_bytes=max(rates.fixed_bytes - saved, 0.0))


def _cut(lengths: Lengths, training: Training) -> Lengths:
    most = training.arguments.max_length
    return Lengths(
        train=[min(one, most) for one in lengths.train],
        validation=[min(one, most) for one in lengths.validation],
        cut=lengths.cut + sum(one > most for one in lengths.train),
    )


def _with_arguments(training: Training, **changed: object) -> Training:
    return training.model_copy(update={"arguments": training.arguments.model_copy(update=changed)})


def _with_method(training: Training, method: str) -> Training:
    return training.model_copy(update={"method": method})
