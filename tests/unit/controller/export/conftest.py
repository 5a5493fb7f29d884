"""Versions made by PEFT itself, with weights that change something, behind a real API."""

import json
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import pytest
import torch
from peft import LoraConfig, get_peft_model
from torch import nn
from transformers import LlamaConfig, LlamaForCausalLM

from controller.training.job import BaseModel
from controller.training.methods.adapters import save_adapter
from controller.training.tasks.tokenizer_files import copy_tokenizer
from controller.training.weights import save_weights
from registry.app import build_app
from registry.artifacts import open_artifacts
from registry.artifacts.folders import put_folder
from registry.bases import resolve_base
from registry.client import Client
from registry.records import VersionDraft
from registry.server import listen, make_server
from registry.serving.classifier import build_encoder
from registry.serving.engine_bases import quiet_peft
from registry.serving.generator import build_causal_lm
from registry.settings import Settings
from registry.store.database import Database
from registry.store.models import declare_model
from registry.store.versions import record_version
from specs.digest import digest_of
from specs.names import revision

BASE = "sentence-transformers/all-MiniLM-L6-v2"
REVISION = revision("main", "c" * 40)
NOW = datetime(2026, 5, 1, tzinfo=UTC)


class Version(NamedTuple):
    """A recorded version, and where its files and its base lie."""

    name: str
    number: int
    folder: Path
    base: Path


class Shelf:
    """An installation with versions in it, and its API."""

    def __init__(self, settings, api, database):
        self.settings = settings
        self.api = api
        self._database = database

    def record(self, name, folder, base):
        """Make ``folder`` version 1 of a model called ``name``."""
        files = put_folder(open_artifacts(self.settings), folder)
        lineage = {"base": {"model": base.model, "revision": base.revision}}
        draft = VersionDraft(name, digest_of(name), REVISION, "run", files, lineage, {})
        with self._database.transaction() as session:
            declare_model(session, name, path=f"{name}.yaml", revision=REVISION, spec={}, now=NOW)
            number = record_version(session, draft, now=NOW).number
        return Version(name, number, folder, base.folder)


@pytest.fixture(scope="session")
def shelf(tmp_path_factory):
    base = tmp_path_factory.mktemp("bases") / "tiny"
    settings = Settings(
        home=tmp_path_factory.mktemp("home"), offline=True, mirrors={"org/tiny": str(base)}
    )
    _make_decoder(base, settings)
    database = Database.open(settings.resolved_database_url)
    listener = listen("127.0.0.1", 0)
    server = make_server(build_app(settings, database, open_artifacts(settings)))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    with Client(f"http://127.0.0.1:{listener.getsockname()[1]}") as api:
        yield Shelf(settings, api, database)
    server.should_exit = True
    thread.join()
    listener.close()
    database.close()


@pytest.fixture(scope="session")
def classifier(shelf, tmp_path_factory):
    """Version 1 of ``mail``: an adapter and a head on the real MiniLM."""
    base = _resolved(BASE, shelf.settings)
    folder = tmp_path_factory.mktemp("classifier")
    encoder = build_encoder(base.folder)
    _save_adapted(encoder, base, folder, targets=["query", "value"], task="FEATURE_EXTRACTION")
    torch.manual_seed(3)
    head = nn.Linear(encoder.config.hidden_size, 3)
    save_weights(dict(head.named_parameters()), folder / "head.safetensors")
    labels = {"labels": ["a", "b", "c"], "pooling": "mean", "temperature": 1.0}
    _write_manifest(folder, labels | {"task": "text-classification", "method": "lora"})
    return shelf.record("mail", folder, base)


@pytest.fixture(scope="session")
def generator(shelf, tmp_path_factory):
    """Version 1 of ``notes``: an adapter on a tiny decoder."""
    base = _resolved("org/tiny", shelf.settings)
    folder = tmp_path_factory.mktemp("generator")
    decoder = build_causal_lm(base.folder)
    _save_adapted(decoder, base, folder, targets=["q_proj", "v_proj"], task="CAUSAL_LM")
    template = {"prompt_template": "{prompt}\n"}
    _write_manifest(folder, template | {"task": "causal-lm", "method": "lora"})
    return shelf.record("notes", folder, base)


def _resolved(model, settings):
    return resolve_base(model, None, repo_folder=None, settings=settings)


def _make_decoder(folder, settings):
    torch.manual_seed(1)
    config = LlamaConfig(
        vocab_size=30_522, hidden_size=32, intermediate_size=64, num_hidden_layers=2,
        num_attention_heads=2, tie_word_embeddings=True,
    )  # fmt: skip
    LlamaForCausalLM(config).save_pretrained(folder)
    copy_tokenizer(_resolved(BASE, settings).folder, folder)


def _save_adapted(model, base, folder, *, targets, task):
    torch.manual_seed(2)
    # Not PEFT's usual start, which changes nothing: a merge that forgot it would go unseen.
    config = LoraConfig(
        r=4, lora_alpha=8, target_modules=targets, task_type=task, init_lora_weights=False
    )
    with quiet_peft():
        adapted = get_peft_model(model, config)
    save_adapter(adapted, BaseModel(base.model, base.revision, base.folder), folder)
    copy_tokenizer(base.folder, folder)


def _write_manifest(folder, facts):
    manifest = {"format": 1, "max_length": 64, "base": {}} | facts
    (folder / "trueup.json").write_text(json.dumps(manifest))
