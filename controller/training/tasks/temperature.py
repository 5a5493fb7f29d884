"""Temperature scaling: one number that makes a version as sure as it is right.

Guo et al., On Calibration of Modern Neural Networks (ICML 2017): the logits are divided by the
temperature that gives the validation rows the least log-loss. No answer changes, only how sure it
is. A head is linear, so the division is folded into its weights: whatever serves the version,
exports or pulled folders included, needs to know nothing of it.
"""

import math
from dataclasses import asdict, dataclass

import numpy as np
import torch
from scipy.optimize import minimize_scalar
from torch import nn

from controller.errors import TrainingError
from controller.training.tasks.head import Features, losses_of

WIDEST = math.log(20)
"""Temperatures between 1/20 and 20 are looked at."""
BINS = 15


@dataclass(frozen=True)
class Calibration:
    """What was done to the head, and what it did to the validation rows."""

    temperature: float
    rows: int
    loss_before: float
    loss_after: float
    expected_calibration_error_before: float
    expected_calibration_error_after: float


def fold_temperature(head: nn.Linear, validation: Features) -> dict[str, float]:
    """Divide ``head`` in place by the temperature of the validation rows; say what it did.

    Raises:
        TrainingError: There are no validation rows.
    """
    if not len(validation.labels):
        raise TrainingError(
            "training.calibration fits a temperature on the validation rows, and there are none",
            reason="NoValidationRows",
            fix="give data.validation a file or a larger split, or remove training.calibration",
        )
    with torch.inference_mode():
        logits = head(validation.vectors.to(head.weight.device)).cpu().double()
    temperature = fit_temperature(logits, validation.labels)
    with torch.no_grad():
        head.weight.div_(temperature)
        head.bias.div_(temperature)
    after = logits / temperature
    return asdict(
        Calibration(
            temperature=round(temperature, 6),
            rows=len(logits),
            loss_before=_loss(logits, validation.labels),
            loss_after=_loss(after, validation.labels),
            expected_calibration_error_before=_error(logits, validation.labels),
            expected_calibration_error_after=_error(after, validation.labels),
        )
    )


def fit_temperature(logits: torch.Tensor, labels: torch.Tensor) -> float:
    """Temperature of the least log-loss, by a bounded search without randomness.

    A temperature of 1 has the weight of one row: where every row is right, the log-loss alone
    would ask for endless certainty.

    Args:
        logits: float64 [rows, labels].
        labels: int64 [rows]; of sets of labels, 0 and 1, float32 [rows, labels].
    """

    def objective(log_temperature: float) -> float:
        loss = float(losses_of(logits / math.exp(log_temperature), labels).sum())
        return loss + log_temperature**2 / 2

    found = minimize_scalar(
        objective, bounds=(-WIDEST, WIDEST), method="bounded", options={"xatol": 1e-7}
    )
    temperature: float = math.exp(found.x)
    return temperature


def _loss(logits: torch.Tensor, labels: torch.Tensor) -> float:
    loss: float = losses_of(logits, labels).sum().item() / labels.numel()
    return round(loss, 6)


def _error(logits: torch.Tensor, labels: torch.Tensor) -> float:
    """Expected calibration error of the answers; of sets of labels, of every yes and no."""
    if labels.is_floating_point():
        chances = logits.sigmoid().flatten()
        correct = (chances > 0.5) == (labels.flatten() > 0)  # noqa: PLR2004  (the threshold)
        confidence = torch.maximum(chances, 1 - chances)
    else:
        confidence, predicted = logits.softmax(1).max(1)
        correct = predicted == labels
    scores, gaps = confidence.numpy(), (correct.double() - confidence).numpy()
    bins = np.clip((scores * BINS).astype(np.int64), 0, BINS - 1)
    return round(float(np.abs(np.bincount(bins, gaps, BINS)).sum() / len(scores)), 6)
