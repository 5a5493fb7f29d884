"""The classification task in this process: losses, methods, and what it refuses."""

import json
from pathlib import Path

import pytest

from controller.errors import TrainingError

pytestmark = pytest.mark.torch
pytest.importorskip("torch")


@pytest.fixture
def train():
    """Run a job in this process and give its result."""
    from controller.job_protocol import JobFolder
    from controller.training.runner import train

    return lambda folder: train(JobFolder(folder))


def test_a_linear_probe_trains_nothing_but_the_head_and_is_already_good(jobs, train):
    folder = jobs.make(rows=60, method="linear-probe")

    result = train(folder)

    names = {path.name for path in (folder / "output").iterdir()}
    assert result["training"]["steps"] == 0
    assert result["training"]["validation"]["accuracy"] > 0.9
    assert "head.safetensors" in names
    assert not {"adapter_model.safetensors", "model.safetensors", "start_head.safetensors"} & names


def test_full_fine_tuning_writes_weights_that_answer_as_they_were_measured(jobs, train, tmp_path):
    from registry.serving.classifier import load_classifier

    rate = {"learning_rate": 1e-4, "max_steps": 4}
    folder = jobs.make(rows=60, method="full", arguments=rate)

    result = train(folder)

    lines = (folder / "prepared/validation.jsonl").read_text().splitlines()
    rows = [json.loads(line) for line in lines]
    found = load_classifier(folder / "output", tmp_path / "no base").predict(
        [row["text"] for row in rows]
    )
    accuracy = sum(a == row["label"] for a, row in zip(found.best, rows, strict=True)) / len(rows)
    assert accuracy == pytest.approx(result["training"]["validation"]["accuracy"])
    assert (folder / "output" / "start_head.safetensors").exists()
    assert not (folder / "output" / "adapter_model.safetensors").exists()


def without_dropout(folder: Path) -> dict:
    """Put a base without dropout under the job."""
    job = json.loads((folder / "job.json").read_text())
    base = folder / "base"
    base.mkdir()
    for path in Path(job["base"]["folder"]).iterdir():
        (base / path.name).symlink_to(path)
    config = json.loads((base / "config.json").read_text())
    config |= {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0}
    (base / "config.json").unlink()
    (base / "config.json").write_text(json.dumps(config))
    job["base"]["folder"] = str(base)
    (folder / "job.json").write_text(json.dumps(job))
    return config


def test_a_loss_that_is_not_finite_ends_the_run_with_the_rate_to_lower(jobs, train):
    from safetensors.torch import load_file, save_file

    folder = jobs.make(rows=60, method="full", head={"init": "random"})
    without_dropout(folder)
    weights = load_file(folder / "base" / "model.safetensors")
    weights["embeddings.LayerNorm.weight"][0] = float("nan")
    (folder / "base" / "model.safetensors").unlink()
    save_file(weights, folder / "base" / "model.safetensors")

    with pytest.raises(TrainingError, match="not a finite number at step 1") as raised:
        train(folder)

    assert raised.value.reason == "LossNotFinite"
    assert "learning_rate (it is 0.001)" in raised.value.fix


def test_a_target_module_that_does_not_exist_ends_the_run_at_its_start(jobs, train):
    folder = jobs.make(rows=60, lora={"target_modules": ["q_proj"]}, head={"init": "random"})

    with pytest.raises(TrainingError, match="no linear layer 'q_proj'"):
        train(folder)


def test_a_base_without_a_tokenizer_is_refused(jobs, train):
    folder = jobs.make(rows=60)
    without_dropout(folder)
    (folder / "base" / "tokenizer.json").unlink()

    with pytest.raises(TrainingError, match=r"has no tokenizer\.json") as raised:
        train(folder)

    assert raised.value.reason == "BaseModelUnfit"


def test_an_unknown_task_is_refused_with_those_there_are(jobs, train):
    folder = jobs.make(rows=60)
    job = json.loads((folder / "job.json").read_text()) | {"task": "translation"}
    (folder / "job.json").write_text(json.dumps(job))

    with pytest.raises(TrainingError, match="no task 'translation'") as raised:
        train(folder)

    assert "causal-lm, text-classification" in raised.value.fix
