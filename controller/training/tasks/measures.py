"""What training itself measures, on validation rows; evaluation measures far more."""

import math

import torch
from torch.nn import functional

from controller.training.learner import Metrics


def of_logits(logits: torch.Tensor, labels: torch.Tensor) -> Metrics:
    """Mean loss, accuracy, and F1 as the mean over the labels that occur or are predicted."""
    predicted = logits.argmax(1)
    return {
        "loss": float(functional.cross_entropy(logits, labels)),
        "accuracy": float((predicted == labels).float().mean()),
        "f1_macro": f1_macro(predicted.tolist(), labels.tolist()),
    }


def f1_macro(predicted: list[int], labels: list[int]) -> float:
    """F1 per label, averaged without weights over the labels that occur or are predicted."""
    scores = []
    for label in sorted(set(predicted) | set(labels)):
        hits = sum(p == label == y for p, y in zip(predicted, labels, strict=True))
        scores.append(2 * hits / (predicted.count(label) + labels.count(label)))
    return math.fsum(scores) / len(scores) if scores else 0.0
