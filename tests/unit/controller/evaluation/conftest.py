"""Versions made by hand, and evaluation jobs over them as the controller would start them."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from controller.evaluation.judge import open_judge
from controller.job_protocol import JobFolder
from registry.bases import resolve_base
from registry.settings import Settings
from specs.judge import Judge

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


PROMPT = "Asked: {{prompt}} Wanted: {{wanted}} Said: {{ answer }}. Number from 0 to 1?"
SERVER = Path(__file__).parent / "judge_server.py"


class Endpoint:
    def __init__(self, url: str, log: Path, prompt: Path) -> None:
        self.url, self._log, self._prompt = url, log, prompt

    def judge(self, model="good", **fields) -> Judge:
        return Judge(url=self.url, model=model, prompt="judges/helpful.md", **fields)

    def open(self, model="good", *, scores=None, environment=None, **fields):
        fields = {"retries": 1, "timeout_seconds": 0.3} | fields
        judge = self.judge(model, **fields)
        return open_judge(judge, self._prompt, scores=scores, environment=environment or {})

    def asked(self) -> list[str]:
        lines = self._log.read_text().splitlines() if self._log.exists() else []
        return [json.loads(line)[1]["messages"][0]["content"] for line in lines]


@pytest.fixture(scope="session")
def judge_process(tmp_path_factory):
    log = tmp_path_factory.mktemp("judge") / "log.jsonl"
    command = [sys.executable, str(SERVER), str(log)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as started:
        yield int(started.stdout.readline()), log
        started.kill()


@pytest.fixture
def endpoint(judge_process, tmp_path):
    port, log = judge_process
    log.unlink(missing_ok=True)
    prompt = tmp_path / "prompt.md"
    prompt.write_text(PROMPT + tmp_path.name)  # other tests have other questions
    return Endpoint(f"http://127.0.0.1:{port}/v1", log, prompt)
