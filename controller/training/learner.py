"""What training needs of a task: its rows, its model, its measures and its files.

Adding a task is one file below ``tasks/`` that makes a ``Learner``.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import torch
from torch import nn

TokenRow = dict[str, Any]
"""One tokenised row; ``input_ids`` decides its length."""

Metrics = dict[str, float]


class Learner(Protocol):
    """One task's model in training. Made with the base loaded and, where wanted, probed."""

    model: nn.Module
    """``model(**collate(rows), num_items_in_batch=n)`` gives a dict with ``loss``: the sum over
    the batch's rows (or tokens) divided by ``n``, which counts those of all batches that make one
    step, so that the sum over them is the loss of one big batch; without ``n`` the batch's own
    mean. What requires grad is trained."""
    rows: Sequence[TokenRow]
    """The training rows."""

    def collate(self, rows: list[TokenRow]) -> dict[str, torch.Tensor]:
        """One padded batch."""
        ...

    def validate(self) -> Metrics:
        """Measure the model as it is now on the validation rows; empty when there are none."""
        ...

    def measure_fit(self) -> dict[str, Any]:
        """Measure the model on a sample of the rows it was trained on, and say what was done."""
        ...

    def save(self, output: Path) -> None:
        """Write the version's files: safetensors, JSON and text, nothing else."""
        ...


@runtime_checkable
class Calibrates(Protocol):
    """A learner whose answers are probabilities that can be scaled."""

    def calibrate(self) -> dict[str, float]:
        """Scale the model as it is now by its validation rows; say what it did."""
        ...
