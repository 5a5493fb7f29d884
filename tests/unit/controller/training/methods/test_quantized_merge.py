"""A version trained on a quantized base is merged into what that base stands for."""

import json

import pytest

pytestmark = pytest.mark.torch
torch = pytest.importorskip("torch", reason="the train extra is not installed")
pytest.importorskip("bitsandbytes", reason="the quantized extra is not installed")

from tests.unit.controller.training.methods.moves import outputs, served, stir  # noqa: E402


def merged(make_job_of, batch, folder, quantization):
    from safetensors.torch import save_file

    from controller.export.merging import merge
    from controller.job_protocol import JobFolder

    model, job = make_job_of(method="qlora", quantization=quantization)
    stir(model)
    version, target = folder / "version", folder / "merge"
    served(model, job, version, batch)
    manifest = {"task": "text-classification", "method": "qlora", "pooling": "mean"}
    manifest |= {"max_length": 64, "labels": ["a", "b"], "temperature": 1.0}
    manifest |= {"quantization": job.training.quantization.model_dump()}
    (version / "trueup.json").write_text(json.dumps(manifest))
    head = {"weight": torch.randn(2, 384), "bias": torch.zeros(2)}
    save_file(head, version / "head.safetensors")
    target.mkdir()
    asked = {"version": str(version), "base": str(job.base.folder)}
    (target / "job.json").write_text(json.dumps(asked))
    return model, merge(JobFolder(target)), target / "output"


def test_a_merge_does_what_was_trained_and_measured(adapted, batch, tmp_path):
    from transformers import AutoModel

    model, told, folder = merged(adapted, batch, tmp_path, {"load_in_4bit": True})

    assert told["largest_difference"] < 1e-4
    again = AutoModel.from_pretrained(folder, dtype=torch.float32)
    assert not hasattr(again.config, "quantization_config")
    assert torch.allclose(outputs(again, batch), outputs(model, batch), atol=1e-4)


def test_8_bits_round_what_goes_in_as_well_and_cannot_be_merged(adapted, batch, tmp_path):
    from controller.errors import ExportError

    with pytest.raises(ExportError, match="differs from the adapter") as raised:
        merged(adapted, batch, tmp_path, {"load_in_8bit": True})

    assert "without --merge" in raised.value.fix
