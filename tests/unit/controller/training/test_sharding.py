"""Two processes that share the weights of a model end where one ends that holds all of them."""

import json
import shutil
from pathlib import Path

import pytest

pytestmark = pytest.mark.torch
pytest.importorskip("torch")

BATCH = {"per_device_train_batch_size": 4, "gradient_accumulation_steps": 2, "max_length": 32}
SGD = {"optim": "sgd", "learning_rate": 0.1, "save_steps": 100}
ADAM = {"optim": "adamw_torch", "learning_rate": 1e-3, "save_steps": 5}
KINDS = {
    "full": {"method": "full", "arguments": BATCH | SGD},
    "lora": {
        "method": "lora",
        "arguments": BATCH | SGD | {"eval_strategy": "steps", "eval_steps": 2},
        "lora": {"lora_dropout": 0.0},
        # Nothing gains so much: the weights of step 2, which come back at the end, stay the best.
        "early_stopping": {"metric": "loss", "patience": 5, "threshold": 5.0},
    },
    "adam": {"method": "full", "arguments": BATCH | ADAM},
    "resumed": {"method": "full", "arguments": BATCH | ADAM},
}
FILES = {
    "full": "model.safetensors",
    "lora": "adapter_model.safetensors",
    "adam": "model.safetensors",
    "resumed": "model.safetensors",
}


def make(jobs, base: dict[str, str], kind: str, compute=None) -> Path:
    """A folder with a generative training job."""
    arguments = KINDS[kind]["arguments"] | {"logging_steps": 1}
    return jobs.make_causal(base, compute=compute, **(KINDS[kind] | {"arguments": arguments}))


def hand_over(step: int, source: Path, target: Path) -> None:
    name = f"checkpoint-{step}"
    shutil.copytree(source / "checkpoints" / name, target / "checkpoints" / name)


@pytest.fixture(scope="module")
def trained(tmp_path_factory, jobs, forks, tiny_base):
    """Job folders of each kind, trained by one process and by two; what each of these held."""
    from controller.job_protocol import JobFolder
    from controller.training.runner import train

    alone = {kind: make(jobs, tiny_base, kind) for kind in KINDS if kind != "resumed"}
    for folder in alone.values():
        train(JobFolder(folder))
    compute = {"processes": 2, "strategy": "fsdp"}
    shared = {kind: make(jobs, tiny_base, kind, compute=compute) for kind in KINDS}
    hand_over(5, alone["adam"], shared["resumed"])
    launch = tmp_path_factory.mktemp("launch")
    job = {"folders": list(map(str, shared.values())), "compute": compute, "told": str(launch)}
    (launch / "job.json").write_text(json.dumps(job))
    forks[False].run_two(launch, "tests.jobs.train_in_shares")
    assert json.loads((launch / "result.json").read_text())["ok"]
    held = [json.loads((launch / f"held-{rank}.json").read_text()) for rank in (0, 1)]
    return {"alone": alone, "shared": shared, "held": held}


def curve(folder: Path, name: str) -> list[float]:
    lines = map(json.loads, (folder / "progress.jsonl").read_text().splitlines())
    return [line["value"] for line in lines if line.get("name") == name]


def assert_same_weights(one: Path, other: Path, name: str) -> None:
    import torch

    from controller.training.weights import load_weights

    found, expected = (load_weights(folder / "output" / name) for folder in (other, one))
    assert found.keys() == expected.keys()
    for key in expected:
        torch.testing.assert_close(found[key], expected[key], atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("kind", ["full", "lora", "adam"])
def test_shares_end_with_the_weights_and_losses_of_the_whole(trained, kind):
    alone, shared = trained["alone"][kind], trained["shared"][kind]

    assert_same_weights(alone, shared, FILES[kind])
    for name in ("train_loss", "grad_norm", "validation_loss"):
        assert curve(shared, name) == pytest.approx(curve(alone, name), abs=1e-5, rel=1e-5)
    assert len(curve(alone, "train_loss")) == 6


def test_each_process_holds_half_of_the_weights(trained):
    for held in trained["held"]:
        assert held["here"] == pytest.approx(held["whole"] / 2, rel=0.01)


def test_a_run_of_one_process_is_taken_up_by_two_and_one_of_two_by_one(trained, jobs, tiny_base):
    from controller.job_protocol import JobFolder
    from controller.training.runner import train

    whole, resumed = trained["alone"]["adam"], trained["shared"]["resumed"]
    back = make(jobs, tiny_base, "adam")
    hand_over(5, trained["shared"]["adam"], back)

    train(JobFolder(back))

    assert [len(curve(folder, "train_loss")) for folder in (whole, resumed, back)] == [6, 1, 1]
    assert_same_weights(whole, resumed, FILES["adam"])
    assert_same_weights(whole, back, FILES["adam"])
