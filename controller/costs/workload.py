"""How much work a training is: rows, tokens with their padding, steps. Counted, not guessed. Pure.

The order of the rows is drawn as the trainer draws it: rows of like length side by side.
"""

import math
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from controller.training.ranks import batches_of
from specs.training import Arguments, Training

MEASURED_ROWS = 2000
"""Training rows that a finished training is measured on, at most."""
MEGABATCHES = 50
"""Batches that are drawn together before their rows are sorted by length, at most."""


@dataclass(frozen=True)
class Tokens:
    """Tokens that go through the model together with what attention makes of them."""

    count: int
    """Padding included."""
    squared: int
    """The sum over all padded rows of their width squared: what attention costs."""

    def times(self, factor: float) -> "Tokens":
        """As much of it, ``factor`` times."""
        return Tokens(round(self.count * factor), round(self.squared * factor))

    def __add__(self, other: "Tokens") -> "Tokens":
        """Both."""
        return Tokens(self.count + other.count, self.squared + other.squared)


@dataclass(frozen=True)
class Batch:
    """The shape of one padded batch."""

    rows: int
    width: int

    @property
    def tokens(self) -> Tokens:
        """What it holds."""
        return Tokens(self.rows * self.width, self.rows * self.width**2)


@dataclass(frozen=True)
class Workload:
    """One training, counted."""

    rows: int
    validation_rows: int
    cut_rows: int
    """Training rows that are longer than ``max_length``."""
    tokens: int
    """Of the training rows, once, without padding."""
    epochs: float
    steps: int
    """Optimizer steps."""
    batches: int
    """Forward and backward passes of each process."""
    processes: int
    """How many share the rows of each step."""
    trained: Tokens
    """What goes forward and backward, over all epochs, in all processes together."""
    passed: Tokens
    """What only goes forward: features, validation, the measure of the fit."""
    widest: Batch
    """The largest batch that has to fit in the memory of one process."""


@dataclass(frozen=True)
class Lengths:
    """Tokens per row, after cutting."""

    train: Sequence[int]
    validation: Sequence[int]
    cut: int
    rows: int | None = None
    """Training rows, where several of them are packed into one."""


def count(lengths: Lengths, training: Training, *, processes: int = 1) -> Workload:
    """Count what ``training`` does with rows of these ``lengths``."""
    arguments = training.arguments
    rows = arguments.per_device_train_batch_size
    share, passes_a_step = batches_of(rows, arguments.gradient_accumulation_steps, processes)
    batches = list(grouped_batches(lengths.train, arguments, seed=training.seed, share=share))
    epoch = total(batches)
    is_probe = training.method == "linear-probe"
    epochs, steps = (0.0, 0) if is_probe else _steps(len(lengths.train), arguments)
    once = total(sorted_batches(lengths.train, rows))
    validation = total(sorted_batches(lengths.validation, rows))
    # Features of the training rows, where a head is fitted on them; then the measure of the fit.
    sample = min(1.0, MEASURED_ROWS / len(lengths.train))
    passes = sample + (1 if is_probe or training.head.init == "linear-probe" else 0)
    validations = 2 if is_probe else max(1, math.ceil(epochs))
    return Workload(
        rows=len(lengths.train) if lengths.rows is None else lengths.rows,
        validation_rows=len(lengths.validation),
        cut_rows=lengths.cut,
        tokens=sum(lengths.train),
        epochs=epochs,
        steps=steps,
        batches=steps * passes_a_step,
        processes=processes,
        trained=epoch.times(epochs),
        passed=once.times(passes) + validation.times(validations),
        widest=max(batches, key=lambda batch: (batch.tokens.count, batch.width)),
    )


def grouped_batches(
    lengths: Sequence[int], arguments: Arguments, *, seed: int, share: int | None = None
) -> Iterator[Batch]:
    """The shapes of one epoch's batches, as the trainer groups rows of like length.

    ``share``: rows of one process's batch, where several processes share a step.
    """
    size = arguments.per_device_train_batch_size
    group = size * arguments.gradient_accumulation_steps
    order = list(lengths)
    random.Random(seed).shuffle(order)  # noqa: S311  (an order of rows, not a secret)
    reach = group * max(1, min(len(order) // (group * 4), MEGABATCHES))
    for start in range(0, len(order), reach):
        yield from sorted_batches(order[start : start + reach], share or size)


def sorted_batches(lengths: Sequence[int], size: int) -> Iterator[Batch]:
    """Batches of ``size`` rows, the longest rows first."""
    order = sorted(lengths, reverse=True)
    for start in range(0, len(order), size):
        chosen = order[start : start + size]
        yield Batch(len(chosen), max(1, chosen[0]))


def total(batches: Iterator[Batch] | Sequence[Batch]) -> Tokens:
    """All tokens of ``batches``."""
    found = Tokens(0, 0)
    for batch in batches:
        found += batch.tokens
    return found


def _steps(rows: int, arguments: Arguments) -> tuple[float, int]:
    batches = math.ceil(rows / arguments.per_device_train_batch_size)
    an_epoch = max(1, math.ceil(batches / arguments.gradient_accumulation_steps))
    if arguments.max_steps > 0:
        return arguments.max_steps / an_epoch, arguments.max_steps
    epochs = arguments.num_train_epochs
    return epochs, math.ceil(epochs * an_epoch)
