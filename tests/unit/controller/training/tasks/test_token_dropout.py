"""Tokens that a training step does not see."""

from types import SimpleNamespace

import pytest
import torch
from torch import nn

from controller.training.tasks.text_classification import ClassificationModel
from controller.training.tasks.token_dropout import draw_kept, take_out

pytestmark = pytest.mark.torch

LENGTHS = torch.tensor([1, 2, 6, 11, 21])
MASK = (torch.arange(21) < LENGTHS[:, None]).long()


class Watching(nn.Module):
    """An encoder that remembers the mask it was given."""

    def forward(self, input_ids, attention_mask):
        self.mask = attention_mask
        return SimpleNamespace(last_hidden_state=torch.ones(*input_ids.shape, 4))


@pytest.fixture
def model():
    torch.manual_seed(1)
    model = ClassificationModel(Watching(), nn.Linear(4, 2), "mean")
    model.token_dropout = 0.5
    return model


def forward(model):
    model(MASK, MASK, torch.zeros(len(MASK), dtype=torch.long))
    return model.encoder.mask


def test_each_row_misses_its_share_of_tokens_and_never_the_first(model):
    mask = forward(model.train())

    assert mask.sum(1).tolist() == [1, 2, 4, 6, 11]
    assert mask[:, 0].all()
    assert (mask <= MASK).all()


def test_outside_of_training_every_token_is_seen(model):
    assert torch.equal(forward(model.eval()), MASK)


def test_every_token_but_the_first_is_dropped_as_often_as_any_other():
    torch.manual_seed(1)

    kept = draw_kept(torch.ones(4000, 11, dtype=torch.long), 0.3).float().mean(0)

    assert kept[1:].tolist() == pytest.approx([0.7] * 10, abs=0.03)


def test_what_is_taken_out_leaves_the_others_in_their_order():
    kept = torch.tensor([[1, 0, 1, 0, 1], [1, 0, 0, 1, 0]])
    ids = torch.tensor([[10, 11, 12, 13, 14], [20, 21, 22, 23, 0]])

    mask, left, states = take_out(kept, ids, ids.unsqueeze(-1).float())

    assert mask.tolist() == [[1, 1, 1], [1, 1, 0]]
    assert (left * mask).tolist() == [[10, 12, 14], [20, 23, 0]]
    assert torch.equal(states[..., 0], left.float())
