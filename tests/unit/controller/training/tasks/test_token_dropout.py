"""Tokens that a training step does not see."""

from types import SimpleNamespace

import pytest
import torch
from torch import nn

from controller.training.tasks.text_classification import ClassificationModel

pytestmark = pytest.mark.torch


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
    ids = torch.ones(200, 20, dtype=torch.long)
    model(ids, torch.ones_like(ids), torch.zeros(200, dtype=torch.long))
    return model.encoder.mask


def test_a_training_step_misses_the_share_of_tokens_and_never_the_first(model):
    mask = forward(model.train())

    assert mask[:, 1:].float().mean() == pytest.approx(0.5, abs=0.03)
    assert mask[:, 0].all()


def test_outside_of_training_every_token_is_seen(model):
    assert forward(model.eval()).all()
