"""Integrated gradients: how much each token of a text gives to an answer.

Sundararajan, Taly and Yan, *Axiomatic Attribution for Deep Networks* (2017): the gradient of the
answer's score by the token embeddings, summed along the straight way from a baseline, here the
same text with every token of its own blanked. What the tokens get adds up to the difference of
the two scores, as far as the sum is a good integral; both ends are told, so that it can be checked.
"""

import inspect
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from registry.errors import BaseModelError
from registry.serving.tokens import Ids, padded

FloatArray = NDArray[np.float64]
STEPS = 20
"""Points on the way, placed by Gauss and Legendre: with these the sum is near the integral."""
MAX_TOKENS = 1024
"""Of a batch. Its activations are kept for the way back: BERT-base needs about 1 GB for these."""
Score = Callable[[torch.Tensor, torch.Tensor, torch.Tensor], torch.Tensor]
"""(hidden [rows, tokens, size], mask [rows, tokens], columns [rows]) → score of each row."""


@dataclass(frozen=True)
class ToAttribute:
    """One text, and the label that is asked about."""

    ids: Ids
    is_special: Sequence[bool]
    """Tokens that stay as they are in the baseline, and so get nothing."""
    column: int


@dataclass(frozen=True)
class Attributed:
    """What integrated gradients say of one text."""

    values: FloatArray
    """What each token gives, [tokens]."""
    at_text: float
    """The score of the text."""
    at_baseline: float
    """The score of its baseline."""

    @property
    def gap(self) -> float:
        """What the values should add up to."""
        return self.at_text - self.at_baseline

    @property
    def delta(self) -> float:
        """How far the values' sum is from it."""
        return abs(float(self.values.sum()) - self.gap)


def integrated_gradients(
    model: nn.Module, score: Score, asked: Sequence[ToAttribute], *, pad_id: int, blank_id: int
) -> list[Attributed]:
    """Attribute the score of each text to its tokens; steps and texts of like length in batches.

    Raises:
        BaseModelError: The model takes no embeddings as input.
    """
    _check(model)
    order = sorted(range(len(asked)), key=lambda index: len(asked[index].ids), reverse=True)
    values = [np.zeros(len(one.ids)) for one in asked]
    ends = np.zeros((len(asked), 2))
    batches = _Batches(model, score, asked, pad_id, blank_id)
    for points in batches.of([_Point(place, *step) for place in order for step in _way()]):
        for point, line in zip(points, batches.gradients(points), strict=True):
            values[point.place] += point.weight * line[: len(values[point.place])]
    for points in batches.of([_Point(place, end) for place in order for end in (0.0, 1.0)]):
        for point, found in zip(points, batches.scores(points), strict=True):
            ends[point.place, int(point.share)] = found
    return [
        Attributed(value, at_text=float(end[1]), at_baseline=float(end[0]))
        for value, end in zip(values, ends, strict=True)
    ]


@dataclass(frozen=True)
class _Point:
    """One text at one place on the way."""

    place: int
    """Of the text among those that are asked about."""
    share: float
    """0: its baseline; 1: the text."""
    weight: float = 0.0
    """What its gradient counts."""


def _way() -> list[tuple[float, float]]:
    """Share and weight of each step; the nodes lie in -1..1, the way in 0..1."""
    nodes, weights = np.polynomial.legendre.leggauss(STEPS)
    return [
        ((float(node) + 1) / 2, float(weight) / 2)
        for node, weight in zip(nodes, weights, strict=True)
    ]


def _check(model: nn.Module) -> None:
    bare: Any = model.get_base_model() if hasattr(model, "get_base_model") else model
    if "inputs_embeds" not in inspect.signature(bare.forward).parameters:
        raise BaseModelError(
            type(bare).__name__,
            "takes no embeddings as input, so its answers cannot be explained",
            fix="remove evaluation.explain, or choose another base",
        )


@dataclass(frozen=True)
class _Batches:
    """Texts, each at a share of the way from its baseline, as batches for the model."""

    model: Any
    score: Score
    asked: Sequence[ToAttribute]
    pad_id: int
    blank_id: int

    def of(self, wanted: Sequence[_Point]) -> Iterator[Sequence[_Point]]:
        """Cut points into batches; those of the longest texts come first."""
        start = 0
        while start < len(wanted):
            width = max(1, len(self.asked[wanted[start].place].ids))
            batch = wanted[start : start + max(1, MAX_TOKENS // width)]
            start += len(batch)
            yield batch

    def gradients(self, points: Sequence[_Point]) -> FloatArray:
        """Gradient times way, of each token, [points, tokens]."""
        at, way, mask, columns = self._inputs(points)
        at.requires_grad_()
        with torch.enable_grad():
            hidden = self.model(inputs_embeds=at, attention_mask=mask).last_hidden_state
            (slope,) = torch.autograd.grad(self.score(hidden, mask, columns).sum(), at)
        found: FloatArray = (slope * way).sum(-1).double().cpu().numpy()
        return found

    def scores(self, points: Sequence[_Point]) -> FloatArray:
        """The score at each point, [points]."""
        at, _way, mask, columns = self._inputs(points)
        with torch.no_grad():
            hidden = self.model(inputs_embeds=at, attention_mask=mask).last_hidden_state
            found: FloatArray = self.score(hidden, mask, columns).double().cpu().numpy()
        return found

    def _inputs(
        self, points: Sequence[_Point]
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
        """Embeddings at the points, the whole way of each text, mask, columns."""
        rows = [self.asked[point.place] for point in points]
        ids, mask = padded([row.ids for row in rows], pad_id=self.pad_id)
        blanked = ids.copy()
        for line, row in zip(blanked, rows, strict=True):
            own = ~np.array(row.is_special, dtype=bool)
            line[: len(row.ids)][own] = self.blank_id
        embed = self.model.get_input_embeddings()
        device = embed.weight.device
        with torch.no_grad():
            text, baseline = (embed(torch.from_numpy(one).to(device)) for one in (ids, blanked))
            shares = torch.tensor([point.share for point in points], device=device)
            way = text - baseline
            at = baseline + shares.to(way.dtype)[:, None, None] * way
        columns = torch.tensor([row.column for row in rows])
        return at, way, torch.from_numpy(mask).to(device), columns
