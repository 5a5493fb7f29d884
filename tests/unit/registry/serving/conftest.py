"""Versions over the real base, made by hand: no training, only shapes and weights that differ."""

import json
import shutil
from pathlib import Path

import pytest

from registry.bases import resolve_base
from registry.settings import Settings

BASE = "sentence-transformers/all-MiniLM-L6-v2"


@pytest.fixture(scope="session")
def minilm(tmp_path_factory) -> Path:
    """The folder of the real base."""
    settings = Settings(home=tmp_path_factory.mktemp("home"), offline=True)
    return resolve_base(BASE, None, repo_folder=None, settings=settings).folder


@pytest.fixture(scope="session")
def make_version(tmp_path_factory, minilm):
    """A maker of version folders: ``make(method, seed)``; the seed decides all its weights."""

    def make(method: str, seed: int, **manifest: object) -> Path:
        import torch
        from safetensors.torch import save_file

        folder = tmp_path_factory.mktemp(f"{method}-{seed}")
        torch.manual_seed(seed)
        save_file(
            {"weight": torch.randn(3, 384), "bias": torch.zeros(3)}, folder / "head.safetensors"
        )
        shutil.copy(minilm / "tokenizer.json", folder)
        contents = {"format": 1, "task": "text-classification", "method": method}
        contents |= {"base": {"model": BASE, "revision": "sha256:0"}, "pooling": "mean"}
        contents |= {"max_length": 32, "labels": ["a", "b", "c"], "temperature": 1.0}
        (folder / "trueup.json").write_text(json.dumps(contents | manifest))
        if method == "lora":
            _save_adapter(folder, minilm)
        if method == "full":
            _save_full(folder, minilm)
        return folder

    return make


def _save_adapter(folder: Path, minilm: Path) -> None:
    import torch
    from peft import LoraConfig, get_peft_model

    from registry.serving.classifier import build_encoder
    from registry.serving.engine_bases import quiet_peft

    config = LoraConfig(r=4, target_modules=["query", "value"], task_type="FEATURE_EXTRACTION")
    with quiet_peft():
        model = get_peft_model(build_encoder(minilm), config)
    for name, parameter in model.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(parameter, std=0.1)
    model.save_pretrained(folder)


def _save_full(folder: Path, minilm: Path) -> None:
    from registry.serving.classifier import build_encoder

    build_encoder(minilm).save_pretrained(folder)
