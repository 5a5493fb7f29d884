"""What was pulled loads with the libraries' own classes, and answers as the version does."""

import json

import numpy as np
import pytest
import torch
from peft import AutoPeftModelForCausalLM, AutoPeftModelForFeatureExtraction, PeftModel
from transformers import AutoModel, AutoModelForCausalLM

from controller.errors import ExportError
from controller.export.merging import TOLERANCE, refuse_other_outputs
from controller.export.pulling import Wanted, pull_as_trained, pull_merged
from registry.artifacts.base import hex_of
from registry.errors import ArtifactCorruptError
from registry.serving.classifier import load_classifier
from registry.serving.engine_bases import quiet_peft
from registry.serving.generator import build_causal_lm

pytestmark = pytest.mark.torch

TEXTS = ["where is my parcel", "refund me", "the app does not open on my phone any more"]
IDS = torch.tensor([[5, 9, 12, 40, 7, 300]])


def wanted(shelf, version):
    return Wanted(shelf.api, shelf.settings, version.name, version.number, lambda *_: None)


def test_a_pulled_adapter_loads_with_peft_on_a_base_that_came_along(shelf, classifier, tmp_path):
    pulled = pull_as_trained(wanted(shelf, classifier), tmp_path / "mail")

    assert "AutoPeftModelForFeatureExtraction" in pulled.loads_with
    with quiet_peft():
        model = AutoPeftModelForFeatureExtraction.from_pretrained(tmp_path / "mail").eval()
    ours = load_classifier(classifier.folder, classifier.base)
    ids = ours._tokenizer.ids(TEXTS[:1])
    with torch.inference_mode():
        vectors = model(input_ids=torch.tensor(ids)).last_hidden_state.mean(1).numpy()
    np.testing.assert_allclose(vectors, ours.predict(TEXTS[:1]).embeddings, atol=1e-5)


def test_a_merged_classifier_loads_as_it_is_and_gives_the_versions_answers(
    shelf, classifier, tmp_path
):
    from sentence_transformers import SentenceTransformer

    pulled = pull_merged(wanted(shelf, classifier), tmp_path / "mail")

    assert 0 < pulled.merge_difference <= TOLERANCE
    _model, loading = AutoModel.from_pretrained(tmp_path / "mail", output_loading_info=True)
    assert not loading["missing_keys"], "the base's own pooler is kept"
    logits = SentenceTransformer(str(tmp_path / "mail"), device="cpu").encode(TEXTS)
    chances = torch.softmax(torch.tensor(logits), -1).numpy()
    ours = load_classifier(classifier.folder, classifier.base).predict(TEXTS).probabilities
    np.testing.assert_allclose(chances, ours, atol=1e-4)


def test_a_pulled_generator_loads_with_peft_and_is_fit_for_vllm(shelf, generator, tmp_path):
    pulled = pull_as_trained(wanted(shelf, generator), tmp_path / "notes")

    assert pulled.vllm_problems == ()
    with quiet_peft():
        loaded = AutoPeftModelForCausalLM.from_pretrained(tmp_path / "notes").eval()
        ours = PeftModel.from_pretrained(build_causal_lm(generator.base), generator.folder).eval()
    with torch.inference_mode():
        torch.testing.assert_close(loaded(IDS).logits, ours(IDS).logits)


def test_a_merged_generator_is_one_model_with_the_adapters_outputs(shelf, generator, tmp_path):
    pull_merged(wanted(shelf, generator), tmp_path / "notes")

    merged = AutoModelForCausalLM.from_pretrained(tmp_path / "notes").eval()
    with quiet_peft():
        ours = PeftModel.from_pretrained(build_causal_lm(generator.base), generator.folder).eval()
    with torch.inference_mode():
        torch.testing.assert_close(merged(IDS).logits, ours(IDS).logits, rtol=1e-3, atol=1e-5)
    assert not (tmp_path / "notes" / "adapter_config.json").exists()


@pytest.mark.parametrize("difference", [2 * TOLERANCE, float("nan")], ids=["too far", "not finite"])
def test_a_merge_with_other_outputs_is_not_published(difference):
    with pytest.raises(ExportError, match="differs from the adapter") as raised:
        refuse_other_outputs(difference)

    assert "without --merge" in raised.value.fix


def test_a_readme_says_how_the_folder_is_used(shelf, generator, tmp_path):
    pull_as_trained(wanted(shelf, generator), tmp_path / "notes")

    text = (tmp_path / "notes" / "README.md").read_text()
    assert f'AutoPeftModelForCausalLM.from_pretrained("{tmp_path / "notes"}")' in text
    assert f"--lora-modules NAME={tmp_path / 'notes'}" in text


def test_bytes_that_are_not_what_they_should_be_leave_nothing_behind(
    shelf, generator, classifier, tmp_path
):
    detail = shelf.api.get_version(generator.name, generator.number)
    digest = detail["files"]["trueup.json"]["digest"]
    stored = shelf.settings.home / "artifacts" / hex_of(digest)[:2] / hex_of(digest)[2:]
    right = stored.read_bytes()
    stored.chmod(0o644)
    stored.write_text(json.dumps({"task": "causal-lm", "method": "full"}))
    try:
        with pytest.raises(ArtifactCorruptError):
            pull_as_trained(wanted(shelf, generator), tmp_path / "notes")
    finally:
        stored.write_bytes(right)

    assert list(tmp_path.iterdir()) == []
