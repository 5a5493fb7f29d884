"""What training needs of a task: its rows, its model, its measures and its files.

Adding a task is one file below ``tasks/`` that makes a ``Learner``.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import nn

TokenRow = dict[str, Any]
"""One tokenised row; ``input_ids`` decides its length."""

Metrics = dict[str, float]


class Learner(Protocol):
    """One task's model in training. Made with the base loaded and, where wanted, probed."""

    model: nn.Module
    """``model(**collate(rows))`` gives a dict with ``loss``; what requires grad is trained."""
    rows: Sequence[TokenRow]
    """The training rows."""
    normalises_loss: bool
    """Whether the model divides its loss by ``num_items_in_batch`` itself."""

    def collate(self, rows: list[TokenRow]) -> dict[str, torch.Tensor]:
        """One padded batch."""
        ...

    def validate(self) -> Metrics:
        """Measure the model as it is now on the validation rows; empty when there are none."""
        ...

    def measure_fit(self) -> Metrics:
        """Measure the model on a sample of the rows it was trained on."""
        ...

    def save(self, output: Path) -> None:
        """Write the version's files: safetensors, JSON and text, nothing else."""
        ...
