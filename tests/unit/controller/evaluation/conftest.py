"""Versions made by hand, and evaluation jobs over them as the controller would start them."""

import json
import shutil
from pathlib import Path

import pytest

from controller.job_protocol import JobFolder
from registry.bases import resolve_base
from registry.settings import Settings

BASE = "sentence-transformers/all-MiniLM-L6-v2"
LABELS = ["card", "refund"]
WORDS = ["<end>", "<unk>", "where", "is", "my", "card", "it", "was", "lost", "here", "?", "."]


@pytest.fixture(scope="session")
def minilm(tmp_path_factory) -> Path:
    """The folder of the real base."""
    settings = Settings(home=tmp_path_factory.mktemp("home"), offline=True)
    return resolve_base(BASE, None, repo_folder=None, settings=settings).folder


@pytest.fixture(scope="session")
def classifier_version(tmp_path_factory, minilm) -> Path:
    """A linear probe whose label directions are the embeddings of the labels' own words."""
    import torch
    from safetensors.torch import save_file

    from registry.serving.classifier import load_classifier

    folder = tmp_path_factory.mktemp("classifier")
    shutil.copy(minilm / "tokenizer.json", folder)
    manifest = {"format": 1, "task": "text-classification", "method": "linear-probe"}
    manifest |= {"base": {"model": BASE, "revision": "sha256:0"}, "pooling": "mean"}
    manifest |= {"max_length": 32, "labels": LABELS, "temperature": 1.0}
    (folder / "trueup.json").write_text(json.dumps(manifest))
    head = {"weight": torch.zeros(2, 384), "bias": torch.zeros(2)}
    save_file(head, folder / "head.safetensors")
    embeddings = load_classifier(folder, minilm).predict(LABELS).embeddings
    head["weight"] = 5 * torch.nn.functional.normalize(torch.from_numpy(embeddings))
    save_file(head, folder / "head.safetensors")
    training = {"train_accuracy": 0.99, "train_rows": 200}
    (folder / "training.json").write_text(json.dumps(training))
    return folder


@pytest.fixture(scope="session")
def tiny_decoder(tmp_path_factory) -> Path:
    """A two-layer decoder with twelve words and random weights."""
    import torch
    from tokenizers import Tokenizer
    from tokenizers.models import WordLevel
    from tokenizers.pre_tokenizers import Whitespace
    from transformers import GPT2Config, GPT2LMHeadModel

    folder = tmp_path_factory.mktemp("decoder")
    torch.manual_seed(3)
    config = GPT2Config(
        vocab_size=len(WORDS),
        n_positions=64,
        n_embd=16,
        n_layer=2,
        n_head=2,
        bos_token_id=0,
        eos_token_id=0,
    )
    GPT2LMHeadModel(config).save_pretrained(folder)
    vocabulary = {word: index for index, word in enumerate(WORDS)}
    tokenizer = Tokenizer(WordLevel(vocabulary, unk_token="<unk>"))
    tokenizer.pre_tokenizer = Whitespace()
    tokenizer.add_special_tokens(["<end>"])
    tokenizer.save(str(folder / "tokenizer.json"))
    manifest = {"format": 1, "task": "causal-lm", "method": "full", "max_length": 32}
    manifest |= {"base": {"model": "tiny", "revision": "x"}, "prompt_template": "{prompt}\n"}
    (folder / "trueup.json").write_text(json.dumps(manifest))
    return folder


@pytest.fixture
def make_job(tmp_path):
    """A maker of job folders: ``make_job(job, prepared rows by split)``."""

    def make(job: dict, rows: dict[str, list[dict]]) -> Path:
        folder, prepared = tmp_path / "job", tmp_path / "prepared"
        folder.mkdir()
        prepared.mkdir()
        for split, found in rows.items():
            lines = "".join(json.dumps(row) + "\n" for row in found)
            (prepared / f"{split}.jsonl").write_text(lines)
        content = {"prepared": str(prepared), "near_leakage": "exclude_from_gates", "threads": 1}
        (folder / "job.json").write_text(json.dumps(content | job))
        return folder

    return make


@pytest.fixture
def run_job(make_job):
    """Run a job in this process (loading torch takes seconds) and return its output folder."""

    def run(job: dict, rows: dict[str, list[dict]]) -> Path:
        from controller.evaluation.job import evaluate

        folder = JobFolder(make_job(job, rows))
        evaluate(folder)
        return folder.output

    return run
