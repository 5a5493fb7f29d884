"""How much better a version knows the rows that it was trained on."""

import json
import math
import random
from collections.abc import Sequence
from pathlib import Path
from statistics import fmean, stdev

from controller.errors import EvaluationError
from controller.evaluation.intervals import Bounds, combined, mean_half_width, newcombe
from controller.evaluation.predictors import PreparedRow
from registry.records import Estimate

TRAINING_FILE = "training.json"
"""In the version's folder: what training measured on its own rows."""
SAMPLE = 200
"""Training rows that a generative version is asked about, at most."""
SAMPLE_SEED = 0


def gap_of_accuracy(version: Path, held_out: Estimate) -> Estimate:
    """Training accuracy, as training measured it, less held-out accuracy, on different rows."""
    try:
        training = json.loads((version / TRAINING_FILE).read_text())
        accuracy, n = float(training["train_accuracy"]), int(training["train_rows"])
    except (OSError, ValueError, KeyError) as error:
        problem = f"the version's {TRAINING_FILE} does not say how well it knows its own rows"
        raise EvaluationError(problem, fix="train the version again") from error
    low, high = newcombe((accuracy, n), (held_out.value, held_out.n))
    return Estimate(accuracy - held_out.value, low, high, held_out.n, "newcombe")


def sample_of(rows: Sequence[PreparedRow]) -> list[PreparedRow]:
    """Training rows to ask a generative version about: always the same ones."""
    draw = random.Random(SAMPLE_SEED)  # noqa: S311  (a sample, not a secret)
    return draw.sample(list(rows), min(SAMPLE, len(rows)))


def gap_of_losses(known: Sequence[float], held_out: Sequence[float]) -> Estimate:
    """Probability per token of the wanted answers, training rows less held-out rows.

    Both are losses per row, the mean over an answer's tokens, measured in the same way. The
    probability, not the loss: it is a share, and one row that was never understood does not decide.
    """
    first, second = ([math.exp(-loss) for loss in losses] for losses in (known, held_out))
    low, high = combined(fmean(first), _bounds(first), fmean(second), _bounds(second))
    return Estimate(fmean(first) - fmean(second), low, high, len(second), "student")


def _bounds(shares: Sequence[float]) -> Bounds:
    mean = fmean(shares)
    half = mean_half_width(stdev(shares), len(shares)) if len(shares) > 1 else 1.0
    return max(0.0, mean - half), min(1.0, mean + half)
