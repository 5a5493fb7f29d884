"""When a trial of a search has no chance, and how its job says so."""

import json
from pathlib import Path

import pytest

from controller.training.trials import TrialOrder, has_no_chance

UP = ((0.5, 0.7, 0.8), (0.6, 0.8, 0.9), (0.4, 0.6, 0.7))
"""Three earlier trials: after one, two and three validations."""


def order(pruner, curves=UP, metric="f1_macro"):
    return TrialOrder("sha256:search", metric, pruner, curves, Path("/nowhere"))


@pytest.mark.parametrize(
    ("pruner", "curve", "ends"),
    [
        ("none", (0.0,), False),
        ("median", (), False),
        ("median", (0.49,), True),
        ("median", (0.5,), False),
        ("median", (0.55, 0.65), True),
        ("median", (0.75, 0.1), False),
        ("halving", (0.55,), True),
        ("halving", (0.65,), False),
        ("halving", (0.65, 0.1), False),
        ("halving", (0.65, 0.1, 0.85), True),
        ("halving", (0.6,), False),
    ],
    ids=[
        "none never ends one", "nothing measured yet", "worse than half", "as good as half",
        "its best is worse than half", "its best is good enough", "not in the best third",
        "the best so far", "two is no rung", "not the best third at the next rung", "as the best",
    ],
)  # fmt: skip
def test_a_trial_ends_when_the_earlier_ones_were_better_by_then(pruner, curve, ends):
    assert has_no_chance(curve, order(pruner)) is ends


def test_a_loss_is_better_when_it_is_smaller():
    wanted = order("median", metric="loss")

    assert has_no_chance((0.9,), wanted)
    assert not has_no_chance((0.1,), wanted)


@pytest.mark.parametrize("pruner", ["median", "halving"])
def test_too_few_earlier_trials_end_none(pruner):
    assert not has_no_chance((0.0,), order(pruner, curves=UP[:2]))


@pytest.fixture
def trial(jobs, tmp_path):
    """Run a job as a trial, in this process; give its folder and result."""
    pytest.importorskip("torch")
    from controller.job_protocol import JobFolder
    from controller.training.runner import train

    def run(*, pruner="none", curves=(), **wanted):
        folder = jobs.make(rows=60, **wanted)
        job = json.loads((folder / "job.json").read_text())
        job["trial"] = {
            "search": "sha256:search",
            "metric": "f1_macro",
            "pruner": pruner,
            "curves": curves,
            "features": str(tmp_path / "features"),
        }
        (folder / "job.json").write_text(json.dumps(job))
        return folder, train(JobFolder(folder))

    return run


@pytest.mark.torch
def test_a_pruned_job_ends_with_a_result_and_without_files(trial):
    unreachable = [[2.0, 2.0, 2.0]] * 3

    folder, result = trial(
        pruner="median", curves=unreachable, arguments={"num_train_epochs": 3}
    )  # fmt: skip

    found = result["trial"]
    assert (found["pruned"], found["search"], len(found["curve"])) == (True, "sha256:search", 1)
    assert result["training"]["cpu_seconds"] > 0
    assert list((folder / "output").iterdir()) == []


def kept(tmp_path):
    return {path: path.stat().st_ino for path in (tmp_path / "features").glob("*.safetensors")}


@pytest.mark.torch
def test_a_trial_finds_the_features_of_the_one_before_and_gives_the_same_bytes(trial, tmp_path):
    first, result = trial(method="linear-probe")
    before = kept(tmp_path)

    again, _ = trial(method="linear-probe")
    adapted, _ = trial(method="lora", arguments={"max_steps": 1})

    assert len(before) == 3  # rows of training and validation, and the sample in its own order
    assert kept(tmp_path) == before
    heads = [(folder / "output" / "head.safetensors").read_bytes() for folder in (first, again)]
    assert heads[0] == heads[1]
    assert (adapted / "output" / "adapter_model.safetensors").exists()
    assert len(result["trial"]["curve"]) == 1


@pytest.fixture
def store(jobs, tmp_path):
    """A store of features for a job that differs from others in what is given."""
    pytest.importorskip("torch")
    from dataclasses import replace

    from controller.training.job import read_job
    from controller.training.tasks.features import FeatureStore

    found = json.loads((jobs.make(rows=6) / "job.json").read_text())
    job = replace(
        read_job(found, threads=1),
        trial=TrialOrder("sha256:search", "loss", "none", (), tmp_path / "features"),
    )

    def make(pooling="mean", **changes):
        return FeatureStore(replace(job, **changes), pooling)

    return make


@pytest.mark.torch
def test_features_depend_on_base_pooling_and_tokens_and_on_nothing_else(store):
    import torch

    made = []

    def compute():
        made.append(1)
        return torch.ones(2, 3)

    rows = [{"input_ids": [1, 2], "labels": 0}, {"input_ids": [3], "labels": 1}]
    others = [{"input_ids": [1], "labels": 0}, {"input_ids": [2, 3], "labels": 1}]
    relabelled = [row | {"labels": 1} for row in rows]
    for given in (rows, relabelled, rows):
        store().get(given, compute)
    once = len(made)

    store("cls").get(rows, compute)
    store(threads=2).get(rows, compute)
    store().get(others, compute)

    assert (once, len(made)) == (1, 4)


@pytest.mark.torch
def test_features_that_were_damaged_are_made_again(store, tmp_path):
    import torch

    rows = [{"input_ids": [1, 2], "labels": 0}]
    store().get(rows, lambda: torch.tensor([[1.0, 2.0]]))
    (path,) = (tmp_path / "features").iterdir()
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)

    found = store().get(rows, lambda: torch.tensor([[1.0, 2.0]]))

    assert found.tolist() == [[1.0, 2.0]]
    assert store().get(rows, lambda: torch.zeros(1, 2)).tolist() == [[1.0, 2.0]]


@pytest.mark.torch
def test_the_oldest_features_go_when_there_are_too_many(store, tmp_path, monkeypatch):
    import torch

    from controller.training.tasks import features

    monkeypatch.setattr(features, "MOST_BYTES", 1500)

    for number in range(5):
        store().get([{"input_ids": [number]}], lambda: torch.zeros(1, 100))

    files = list((tmp_path / "features").iterdir())
    assert 0 < sum(path.stat().st_size for path in files) <= 1500
