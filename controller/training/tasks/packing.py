"""Packing: several rows in one, kept apart, so that no place in a batch is padding.

A packed row has the positions of each of its rows from 0 and no attention mask: transformers then
blocks attention between them. That holds only while no cache is used, and not for every
architecture; ``check_apart`` asks the loaded model.
"""

from collections.abc import Mapping, Sequence
from itertools import pairwise

import torch
from torch import nn

from controller.errors import TrainingError
from controller.training.learner import TokenRow
from controller.training.tasks.causal_rows import SPANS
from specs.training import Generation

PARTS = "parts"
"""The key of a packed row with the lengths of its rows."""
TOLERANCE = 1e-3
"""What logits of packed rows may differ by; contamination differs by tenths."""


def decide(generation: Generation) -> tuple[bool, str]:
    """Whether to pack, and why: on a CPU the mask over long rows costs more than padding does."""
    if isinstance(generation.packing, bool):
        return generation.packing, "as the spec says"
    if torch.cuda.is_available():
        return True, "it pays on a GPU"
    return False, "it does not pay on a CPU"


def packed(rows: Sequence[TokenRow], limit: int) -> list[TokenRow]:
    """The rows in as few rows of at most ``limit`` tokens as best-fit-decreasing finds.

    Rows of one length keep their order, so the same rows always give the same packing.
    """
    order = sorted(range(len(rows)), key=lambda index: -len(rows[index]["input_ids"]))
    room: dict[int, list[int]] = {}
    bins: list[list[int]] = []
    for index in order:
        size = len(rows[index]["input_ids"])
        left = min((space for space in room if space >= size), default=None)
        if left is None:
            bins.append([])
            chosen, left = len(bins) - 1, limit
        else:
            chosen = room[left].pop(0)
            if not room[left]:
                del room[left]
        bins[chosen].append(index)
        room.setdefault(left - size, []).append(chosen)
    return [_joined([rows[index] for index in one]) for one in bins]


def positions(row: TokenRow, width: int) -> list[int]:
    """Positions of a packed row; the padding up to ``width`` is a row of its own."""
    lengths = [*row.get(PARTS, [len(row["input_ids"])]), width - len(row["input_ids"])]
    return [position for length in lengths for position in range(length)]


def check_apart(model: nn.Module, batch: Mapping[str, torch.Tensor]) -> None:
    """Hold a packed batch of one row against its rows on their own.

    Raises:
        TrainingError: When the architecture lets packed rows see each other.
    """
    device = next(model.parameters()).device
    ids, place = batch["input_ids"].to(device), batch["position_ids"].to(device)
    starts = [*(place[0] == 0).nonzero().flatten().tolist(), ids.shape[1]]
    was_training = model.training
    model.eval()
    with torch.no_grad():
        together = model(input_ids=ids, position_ids=place).logits[0]
        alone = [
            model(input_ids=ids[:, first:behind]).logits[0] for first, behind in pairwise(starts)
        ]
    model.train(was_training)
    apart = float((together - torch.cat(alone)).abs().max())
    if apart > TOLERANCE:
        problem = f"rows that are packed see each other in this base (logits differ by {apart:.2g})"
        fix = "set training.generation.packing: false"
        raise TrainingError(problem, reason="NotSupported", fix=fix)


def _joined(rows: Sequence[TokenRow]) -> TokenRow:
    ids: list[int] = []
    spans: list[tuple[int, int]] = []
    for row in rows:
        spans += [(first + len(ids), behind + len(ids)) for first, behind in row[SPANS]]
        ids += row["input_ids"]
    return {"input_ids": ids, SPANS: spans, PARTS: [len(row["input_ids"]) for row in rows]}
