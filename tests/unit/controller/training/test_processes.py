"""Two processes end with the weights of one, for each task; without dropout, up to rounding."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.torch
pytest.importorskip("torch")

BATCH = {"per_device_train_batch_size": 4, "gradient_accumulation_steps": 2, "max_length": 32}
# SGD: Adam makes steps of full length out of gradients that are nothing but rounding.
STEPS = {"optim": "sgd", "learning_rate": 0.1, "logging_steps": 1, "save_steps": 100}
LORA = {"lora_dropout": 0.0}
HEAD = {"init": "random", "token_dropout": 0.0}
ROWS = 41  # steps of 8: the last has one row, and so one process has none in it


@pytest.fixture(scope="module")
def without_dropout(tmp_path_factory, minilm_base) -> dict[str, str]:
    """MiniLM, whose own dropout is off."""
    folder = tmp_path_factory.mktemp("bases") / "still"
    shutil.copytree(minilm_base["folder"], folder, copy_function=lambda a, b: Path(b).symlink_to(a))
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").unlink()
    off = {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0}
    (folder / "config.json").write_text(json.dumps(config | off))
    return minilm_base | {"folder": str(folder)}


@pytest.fixture(scope="module")
def tiny(tmp_path_factory) -> dict[str, str]:
    """A toy causal model."""
    from controller.training.tiny_base import make_tiny_base

    folder = tmp_path_factory.mktemp("bases") / "tiny"
    make_tiny_base(folder, [f"row {number} says {number % 7}" for number in range(60)], 3, steps=2)
    return {"model": "bases/tiny", "revision": "sha256:0", "folder": str(folder)}


@pytest.fixture(scope="module")
def trained(tmp_path_factory, jobs, without_dropout, tiny):
    """Both tasks' job folders, trained by one process and by two."""

    def folders() -> list[Path]:
        arguments = BATCH | STEPS
        classify = jobs.make(rows=ROWS, arguments=arguments, lora=LORA, head=HEAD)
        generate = jobs.make(rows=ROWS, arguments=arguments, method="full")
        _change(classify, base=without_dropout)
        _change(generate, base=tiny, task="causal-lm")
        for split in ("train", "validation"):
            rows = [
                {
                    "row": number,
                    "prompt": f"row {number}",
                    "completion": f"says {number % 7} " * (number % 5 + 1),
                }
                for number in range(ROWS)
            ]
            lines = "".join(json.dumps(row) + "\n" for row in rows)
            (generate / "prepared" / f"{split}.jsonl").write_text(lines)
        return [classify, generate]

    alone, shared = folders(), folders()
    from controller.job_protocol import JobFolder
    from controller.training.runner import train

    for folder in alone:
        train(JobFolder(folder))
    launch = tmp_path_factory.mktemp("launch")
    job = {"folders": [str(folder) for folder in shared], "compute": {"processes": 2}}
    (launch / "job.json").write_text(json.dumps(job))
    command = [sys.executable, "-m", "controller.executors.torchrun", "tests.jobs.train_all"]
    done = subprocess.run([*command, str(launch)], capture_output=True, text=True, check=False)
    assert json.loads((launch / "result.json").read_text())["ok"], done.stderr
    return {"alone": alone, "shared": shared}


def _change(folder: Path, **entries) -> None:
    job = json.loads((folder / "job.json").read_text())
    (folder / "job.json").write_text(json.dumps(job | entries))


def curve(folder: Path) -> list[float]:
    lines = map(json.loads, (folder / "progress.jsonl").read_text().splitlines())
    return [line["value"] for line in lines if line.get("name") == "train_loss"]


@pytest.mark.parametrize(
    ("task", "files"),
    [(0, ["adapter_model.safetensors", "head.safetensors"]), (1, ["model.safetensors"])],
    ids=["text-classification", "causal-lm"],
)
def test_two_processes_end_with_the_weights_and_losses_of_one(trained, task, files):
    import torch

    from controller.training.weights import load_weights

    alone, shared = (trained[kind][task] for kind in ("alone", "shared"))

    for name in files:
        one, two = (load_weights(folder / "output" / name) for folder in (alone, shared))
        assert one.keys() == two.keys()
        for key in one:
            torch.testing.assert_close(two[key], one[key], atol=1e-5, rtol=1e-4)
    assert curve(shared) == pytest.approx(curve(alone), abs=1e-5)
    assert len(curve(alone)) == 6


def test_followers_leave_nothing_behind(trained):
    for folder in trained["shared"]:
        names = {path.name for path in folder.iterdir()}
        assert not any(name.startswith("follower-") for name in names)
