"""Jobs over the real MiniLM that are adapted in this very process."""

from typing import Any

import pytest


@pytest.fixture
def make_job(minilm_base):
    """A job by what its spec says of training."""

    def make(**training: Any):
        from controller.training.job import read_job

        found = {"task": "text-classification", "model": "support", "base": minilm_base}
        training = {"method": "lora"} | training
        return read_job(found | {"training": training, "prepared": "none"}, threads=1)

    return make


@pytest.fixture
def adapted(make_job):
    """Build the base as a task does, and adapt it."""

    def build(**training: Any):
        from controller.training.methods.adapt import adapt
        from registry.serving.classifier_encoders import build_encoder

        job = make_job(**training)
        encoder = build_encoder(job.base.folder, quantization=job.training.quantization)
        return adapt(encoder, job, task_type="FEATURE_EXTRACTION"), job

    return build


@pytest.fixture
def batch():
    """Token ids of four short rows."""
    import torch

    ids = torch.randint(1000, 20000, (4, 9), generator=torch.Generator().manual_seed(3))
    return {"input_ids": ids, "attention_mask": torch.ones_like(ids)}
