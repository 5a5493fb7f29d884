"""The head started from a linear probe: a logistic regression on the frozen base's features.

Starting there is worth more than two further epochs of LoRA (docs/experiments.md), for a fraction
of one epoch's CPU time.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import nn
from torch.nn import functional

L2_CHOICES = (1e-4, 3e-4, 1e-3)
"""Penalties on the squared weights that are tried when the probe is all there will be."""
START_L2 = 3e-3
"""The penalty when training goes on from the probe: a head that is not yet sure of every training
row leaves the encoder something to learn."""
ITERATIONS = 60


@dataclass(frozen=True)
class Features:
    """Pooled vectors and their labels' numbers."""

    vectors: torch.Tensor
    """float32 [rows, hidden size]."""
    labels: torch.Tensor
    """int64 [rows]; of sets of labels, 0 and 1, float32 [rows, labels]."""
    weights: torch.Tensor | None = None
    """float32 [rows]; None: every row counts the same."""


def probe(train: Features, validation: Features, *, label_count: int) -> nn.Linear:
    """The best linear head on ``train``; ``validation`` (may be empty) chooses the penalty."""
    choices: Sequence[float] = L2_CHOICES if len(validation.labels) else (3e-4,)
    heads = [fit_linear(train, label_count=label_count, l2=l2) for l2 in choices]
    losses = [_loss(head, validation) for head in heads]
    return heads[losses.index(min(losses))]


def fit_linear(features: Features, *, label_count: int, l2: float) -> nn.Linear:
    """Logistic regression by L-BFGS from zero: no randomness. Of sets of labels, one-vs-rest.

    Vectors are centred and brought to unit scale for the fit, and that is folded into the head.
    One scale for all dimensions: with one each, dimensions that hardly vary get enormous weights,
    and the first steps of fine-tuning would shake the logits (docs/experiments.md).
    """
    mean = features.vectors.mean(0)
    scale = features.vectors.std().clamp(min=1e-6)
    vectors = (features.vectors - mean) / scale
    weight = torch.zeros(label_count, vectors.shape[1], requires_grad=True)
    bias = torch.zeros(label_count, requires_grad=True)
    search = torch.optim.LBFGS([weight, bias], max_iter=ITERATIONS, line_search_fn="strong_wolfe")

    def objective() -> torch.Tensor:
        search.zero_grad()
        logits = functional.linear(vectors, weight, bias)
        loss = _mean_loss(logits, features) + l2 * weight.square().sum()
        loss.backward()
        return loss

    search.step(objective)
    head = nn.Linear(vectors.shape[1], label_count)
    with torch.no_grad():
        head.weight.copy_(weight / scale)
        head.bias.copy_(bias - (weight / scale) @ mean)
    return head


def _loss(head: nn.Linear, features: Features) -> float:
    if not len(features.labels):
        return 0.0
    with torch.inference_mode():
        return float(_mean_loss(head(features.vectors), features))


def losses_of(logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """Loss of each row: cross-entropy, or the labels' binary cross-entropies added up."""
    if labels.is_floating_point():
        each = functional.binary_cross_entropy_with_logits(logits, labels, reduction="none")
        return each.sum(1)
    return functional.cross_entropy(logits, labels, reduction="none")


def _mean_loss(logits: torch.Tensor, features: Features) -> torch.Tensor:
    losses = losses_of(logits, features.labels)
    return losses.mean() if features.weights is None else (losses * features.weights).mean()
