"""Two processes end with the weights of one, for each task; without dropout, up to rounding."""

import json
from pathlib import Path

import pytest

pytestmark = pytest.mark.torch
pytest.importorskip("torch")

BATCH = {"per_device_train_batch_size": 4, "gradient_accumulation_steps": 2, "max_length": 32}
# SGD: Adam makes steps of full length out of gradients that are nothing but rounding.
STEPS = {"optim": "sgd", "learning_rate": 0.1, "logging_steps": 1, "save_steps": 100}
LORA = {"lora_dropout": 0.0}
HEAD = {"init": "random", "token_dropout": 0.0}
ROWS = 41  # as in write_uneven_pairs


@pytest.fixture(scope="module")
def folders(jobs, still_base, tiny_base):
    """Make the job folders of both tasks."""

    def make() -> list[Path]:
        arguments = BATCH | STEPS
        return [
            jobs.make(rows=ROWS, arguments=arguments, base=still_base, lora=LORA, head=HEAD),
            jobs.make_causal(tiny_base, arguments=arguments, method="full"),
        ]

    return make


@pytest.fixture(scope="module")
def trained(tmp_path_factory, folders, forks):
    """Both tasks' job folders, trained by one process and by two."""
    from controller.job_protocol import JobFolder
    from controller.training.runner import train

    alone, shared = folders(), folders()
    for folder in alone:
        train(JobFolder(folder))
    launch = tmp_path_factory.mktemp("launch")
    (launch / "job.json").write_text(json.dumps({"folders": list(map(str, shared))}))
    forks[False].run_two(launch, "tests.jobs.train_all")
    assert json.loads((launch / "result.json").read_text())["ok"]
    return {"alone": alone, "shared": shared}


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
