"""What training itself measures, on validation rows; evaluation measures far more."""

import math

import torch

from controller.training.learner import Metrics
from controller.training.tasks.head import losses_of


def of_logits(logits: torch.Tensor, labels: torch.Tensor) -> Metrics:
    """Mean loss, accuracy, and F1 as the mean over the labels that occur or are predicted.

    Of sets of labels (``labels`` is 0 and 1, [rows, labels]) the loss is the mean over rows and
    labels, and accuracy the share of rows whose set is right as a whole.
    """
    if labels.is_floating_point():
        return _of_sets(logits, labels)
    predicted = logits.argmax(1)
    return {
        "loss": float(losses_of(logits, labels).mean()),
        "accuracy": float((predicted == labels).float().mean()),
        "f1_macro": f1_macro(predicted.tolist(), labels.tolist()),
    }


def _of_sets(logits: torch.Tensor, labels: torch.Tensor) -> Metrics:
    predicted, right = logits > 0, labels > 0  # a logit of 0 is a probability of one half
    hits, either = (predicted & right).sum(0), predicted.sum(0) + right.sum(0)
    scores = (2 * hits / either)[either > 0]
    return {
        "loss": float(losses_of(logits, labels).sum() / labels.numel()),
        "accuracy": float((predicted == right).all(1).float().mean()),
        "f1_macro": float(scores.mean()) if len(scores) else 0.0,
        "f1_micro": float(2 * hits.sum() / either.sum()) if either.sum() else 0.0,
    }


def f1_macro(predicted: list[int], labels: list[int]) -> float:
    """F1 per label, averaged without weights over the labels that occur or are predicted."""
    scores = []
    for label in sorted(set(predicted) | set(labels)):
        hits = sum(p == label == y for p, y in zip(predicted, labels, strict=True))
        scores.append(2 * hits / (predicted.count(label) + labels.count(label)))
    return math.fsum(scores) / len(scores) if scores else 0.0
