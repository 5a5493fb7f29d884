"""The cost job on the real base, as the controller starts it."""

import json
import subprocess
import sys

import pytest

from registry.bases import resolve_base
from registry.settings import Settings

BASE = "sentence-transformers/all-MiniLM-L6-v2"
TEXT = "the card was lost and my money has not come back since I asked for it"
WORDS = TEXT.split(" ")


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    settings = Settings(home=tmp_path_factory.mktemp("home"), offline=True)
    found = resolve_base(BASE, None, repo_folder=None, settings=settings)
    return {"model": found.model, "revision": found.revision, "folder": str(found.folder)}


@pytest.fixture
def plan(base, tmp_path):
    """Run a cost job over ``rows`` training rows; its result."""

    def start(rows=200, earlier=(), compute=None, task="text-classification", **arguments):
        folder = tmp_path / f"job-{len(list(tmp_path.iterdir()))}"
        prepared = folder / "prepared"
        prepared.mkdir(parents=True)
        for split, count in (("train", rows), ("validation", 20)):
            lines = [
                {
                    "row": number,
                    "text": " ".join(WORDS[: 3 + number % 12]),
                    "label": "ab"[number % 2],
                    "slices": {},
                }
                for number in range(count)
            ]
            text = "".join(json.dumps(line) + "\n" for line in lines)
            (prepared / f"{split}.jsonl").write_text(text)
        (prepared / "labels.json").write_text('["a", "b"]')
        training = {"method": "lora", "truncation": "refuse"}
        training |= {"arguments": {"num_train_epochs": 1} | arguments}
        job = {"task": task, "model": "m", "training": training, "base": base}
        job |= {"prepared": str(prepared), "threads": 1, "earlier": list(earlier)}
        (folder / "job.json").write_text(json.dumps(job | {"compute": compute or {}}))
        command = [sys.executable, "-m", "controller.costs", str(folder)]
        with (folder / "log.txt").open("w") as log:
            subprocess.run(command, check=True, timeout=120, stdout=log, stderr=log)
        return json.loads((folder / "result.json").read_text())

    return start


def test_a_base_that_is_not_made_for_the_task_is_named_before_its_rows(plan):
    found = plan(task="causal-lm")

    assert not found["ok"]
    assert found["reason"] == "BaseModelUnfit"
    assert "does not fit causal-lm" in found["message"]


def test_a_short_training_is_planned_at_typical_rates_and_then_from_what_it_took(plan):
    first = plan(rows=200)["costs"]
    version = {"planned": first, "cpu_seconds": 21.0, "fit_cpu_seconds": 9.0}
    version |= {"duration_seconds": 30.0, "peak_memory_bytes": 7e8}

    second = plan(earlier=[{"training": version, "artifact_bytes": 1_000_000}])["costs"]

    assert first["figures"]["cpu_seconds"]["basis"].startswith("typical")
    assert (first["figures"]["rows"]["value"], first["figures"]["steps"]["value"]) == (200, 7)
    assert second["figures"]["cpu_seconds"]["basis"] == "1 earlier run on this machine"
    assert second["figures"]["cpu_seconds"]["value"] == pytest.approx(21.0)


def test_a_long_training_is_calibrated_by_real_steps(plan):
    found = plan(rows=200, num_train_epochs=100)["costs"]["figures"]

    assert found["cpu_seconds"]["basis"] == "calibrated on this machine"
    assert 2e8 < found["peak_memory_bytes"]["value"] < 2e9
    assert 7e5 < found["artifact_bytes"]["value"] < 3e6, "the tokenizer and a small adapter"
