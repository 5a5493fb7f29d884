"""The job as a process: what it writes, that it repeats, that it survives being killed."""

import hashlib
import json
import signal
from pathlib import Path

import pytest

pytestmark = pytest.mark.torch
pytest.importorskip("torch")

# 15 steps an epoch, checkpoints every 4: one at step 20 lies inside the second epoch.
TWO_EPOCHS = {"num_train_epochs": 2, "save_steps": 4}


def bytes_of(folder: Path) -> dict[str, str]:
    """Digest of every file of a version."""
    files = sorted((folder / "output").iterdir())
    return {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in files}


def lines_of(folder: Path, kind: str) -> list[dict]:
    lines = (folder / "progress.jsonl").read_text().splitlines()
    return [line for line in map(json.loads, lines) if line["kind"] == kind]


@pytest.fixture(scope="module")
def undisturbed(jobs):
    """A LoRA job that nobody touched, by the controller's own command: its folder and result."""
    folder = jobs.make(arguments=TWO_EPOCHS)
    return folder, jobs.run_afresh(folder)


def test_a_version_is_safetensors_and_json_and_carries_all_that_serving_needs(undisturbed):
    folder, _ = undisturbed

    names = set(bytes_of(folder))

    needed = {"trueup.json", "head.safetensors", "tokenizer.json", "training.json"}
    assert needed | {"adapter_model.safetensors", "adapter_config.json"} <= names
    assert {Path(name).suffix for name in names} <= {".json", ".safetensors", ".txt"}


def test_the_result_says_what_was_measured_and_spent(undisturbed):
    _, result = undisturbed

    training = result["training"]

    assert result["ok"]
    assert training["steps"] == 30
    assert training["validation"]["accuracy"] > 0.9
    assert training["train_accuracy"] > 0.9
    assert 0 < training["fit_cpu_seconds"] < training["cpu_seconds"]
    assert training["rows_per_cpu_second"] > 0
    assert result["libraries"]["torch"]
    assert result["machine"]["threads"] == 1


def test_progress_and_curves_reach_the_job_folder(undisturbed):
    folder, _ = undisturbed

    phases = [line["phase"] for line in lines_of(folder, "progress")]
    curves = {line["name"] for line in lines_of(folder, "point")}

    in_order = list(dict.fromkeys(phases))
    assert in_order == ["loading", "probing", "training", "validating", "saving"]
    assert curves == {
        *("train_loss", "learning_rate", "grad_norm"),
        *("validation_loss", "validation_accuracy", "validation_f1_macro"),
    }


def test_the_adapter_config_names_the_base_by_its_hub_id_and_no_local_path(undisturbed):
    folder, _ = undisturbed

    text = (folder / "output" / "adapter_config.json").read_text()

    config = json.loads(text)
    assert config["base_model_name_or_path"] == "sentence-transformers/all-MiniLM-L6-v2"
    assert config["target_modules"] == ["dense", "key", "query", "value"]
    assert config["layers_to_transform"] == [3, 4, 5]
    assert "/" not in text.replace("sentence-transformers/all-MiniLM-L6-v2", "")


def test_the_shared_classifier_repeats_what_training_measured(undisturbed, minilm_base):
    from registry.serving.classifier import load_classifier

    folder, result = undisturbed
    lines = (folder / "prepared/validation.jsonl").read_text().splitlines()
    rows = [json.loads(line) for line in lines]

    found = load_classifier(folder / "output", Path(minilm_base["folder"]))

    best = found.predict([row["text"] for row in rows]).best
    accuracy = sum(a == row["label"] for a, row in zip(best, rows, strict=True)) / len(rows)
    assert accuracy == pytest.approx(result["training"]["validation"]["accuracy"])


def test_two_runs_of_one_job_give_the_same_bytes(undisturbed, jobs):
    folder, _ = undisturbed
    again = jobs.make(arguments=TWO_EPOCHS)

    jobs.run(again)

    assert bytes_of(again) == bytes_of(folder)


def test_a_job_killed_in_its_second_epoch_ends_with_the_bytes_of_an_undisturbed_one(
    undisturbed, jobs
):
    folder, _ = undisturbed
    killed = jobs.make(arguments=TWO_EPOCHS)
    process = jobs.start_until(killed, exists="checkpoints/checkpoint-20/manifest.json")
    process.kill()
    process.wait()
    assert not (killed / "result.json").exists()

    jobs.run(killed)

    assert "resuming from checkpoint-" in (killed / "log.txt").read_text()
    assert bytes_of(killed) == bytes_of(folder)


def test_a_job_asked_to_stop_saves_its_step_and_goes_on_from_there(undisturbed, jobs):
    folder, _ = undisturbed
    stopped = jobs.make(arguments=TWO_EPOCHS)
    process = jobs.start_until(stopped, exists="checkpoints/checkpoint-4/manifest.json")

    process.send_signal(signal.SIGTERM)

    assert process.wait(timeout=20) == 75
    assert not (stopped / "result.json").exists()
    jobs.run(stopped)
    assert "resuming from checkpoint-" in (stopped / "log.txt").read_text()
    assert bytes_of(stopped) == bytes_of(folder)
