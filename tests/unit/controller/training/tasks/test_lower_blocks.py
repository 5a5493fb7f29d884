"""Frozen lower blocks that are run once: the same vectors, the same gradients."""

import json

import pytest
import torch

from controller.job_protocol import JobFolder
from controller.training.job import read_job
from controller.training.tasks import lower_blocks, text_classification
from controller.training.tasks.text_classification import open_learner

pytestmark = pytest.mark.torch


@pytest.fixture
def opened(jobs):
    """Open a learner as the job does, its rows and its seed always the same."""

    def open_(**training):
        folder = jobs.make(rows=40, **training)
        job = read_job(json.loads((folder / "job.json").read_text()), threads=1)
        torch.manual_seed(1)
        return open_learner(job, JobFolder(folder))

    return open_


def gradients(learner, rows):
    """Gradients of all that is trained, in evaluation mode: without any dropout."""
    learner.model.eval()
    return gradients_now(learner, rows)


def gradients_of_a_step(learner, rows):
    """The same in training mode, with the same random choices each time."""
    learner.model.train()
    torch.manual_seed(3)
    return gradients_now(learner, rows)


def gradients_now(learner, rows):
    learner.model.zero_grad()
    learner.model(**learner.collate(rows))["loss"].backward()
    return {
        name: value.grad.clone()
        for name, value in learner.model.named_parameters()
        if value.requires_grad
    }


def test_kept_states_give_the_gradients_that_running_the_blocks_gives(opened, monkeypatch):
    keeping = opened()
    monkeypatch.setattr(lower_blocks, "MOST_BYTES", 0)
    running = opened()

    found = gradients(keeping, keeping.rows[:9])
    wanted = gradients(running, running.rows[:9])

    assert "hidden" in keeping.rows[0]
    assert "hidden" not in running.rows[0]
    assert found.keys() == wanted.keys()
    for name, value in wanted.items():
        torch.testing.assert_close(found[name], value, rtol=1e-3, atol=1e-6)


def test_validation_is_over_the_same_vectors(opened, monkeypatch):
    keeping = opened()
    monkeypatch.setattr(lower_blocks, "MOST_BYTES", 0)
    running = opened()

    assert keeping.validate()["loss"] == pytest.approx(running.validate()["loss"], rel=1e-4)


@pytest.mark.parametrize(
    "training",
    [
        {"lora": {"layers_to_transform": "all"}},
        {"lora": {"layers_to_transform": [0, 5]}},
        {"lora": {"modules_to_save": ["LayerNorm"]}},
        {"method": "full"},
    ],
    ids=["adapters on all blocks", "one on the lowest", "whole modules", "all weights"],
)
def test_blocks_that_are_trained_or_lie_above_such_are_run(opened, training):
    learner = opened(**training)

    assert learner.model.lower is None
    assert "hidden" not in learner.rows[0]


def test_blocks_that_do_not_give_back_what_they_should_are_run_again(opened, monkeypatch):
    monkeypatch.setattr(lower_blocks.Kept, "forward", lambda _self, hidden, *_, **__: hidden * 2)

    learner = opened()

    assert learner.model.lower is None
    assert "hidden" not in learner.collate(learner.rows[:2])


def test_tokens_taken_out_of_the_batch_count_as_if_they_were_masked(opened, monkeypatch):
    learner = opened(head={"token_dropout": 0.4})

    found = gradients_of_a_step(learner, learner.rows[:9])
    monkeypatch.setattr(text_classification, "take_out", lambda *parts: parts)
    wanted = gradients_of_a_step(learner, learner.rows[:9])

    for name, value in wanted.items():
        torch.testing.assert_close(found[name], value, rtol=1e-3, atol=1e-6)
