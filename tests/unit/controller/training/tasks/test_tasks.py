"""Tasks are files: a third one is found and trained without touching any other."""

import json
from textwrap import dedent

import pytest

pytestmark = pytest.mark.torch
torch = pytest.importorskip("torch")

THIRD = '''
    """Learn one number: the mean of the rows."""
    import json

    import torch
    from torch import nn


    class Mean(nn.Module):
        def __init__(self):
            super().__init__()
            self.value = nn.Parameter(torch.zeros(1))

        def forward(self, input_ids, labels, num_items_in_batch=None):
            losses = (self.value - labels.float()).square()
            count = len(labels) if num_items_in_batch is None else num_items_in_batch
            return {"loss": losses.sum() / count, "logits": self.value.expand(len(labels))}


    class Learner:
        def __init__(self, rows):
            self.model, self.rows = Mean(), rows

        def collate(self, rows):
            return {name: torch.tensor([row[name] for row in rows]) for name in rows[0]}

        def validate(self):
            return {"loss": float(self.model(**self.collate(self.rows))["loss"].detach())}

        def measure_fit(self):
            return {"train_accuracy": 1.0, "train_rows": len(self.rows)}

        def save(self, output):
            (output / "mean.json").write_text(json.dumps(float(self.model.value.detach())))


    def open_learner(job, folder):
        lines = (job.prepared / "train.jsonl").read_text().splitlines()
        return Learner([{"input_ids": [1], "labels": json.loads(line)} for line in lines])
'''


@pytest.fixture
def third_task(tmp_path, monkeypatch):
    """A file in a folder of its own that the package of tasks looks into as well."""
    from controller.training import tasks

    folder = tmp_path / "more_tasks"
    folder.mkdir()
    (folder / "one_number.py").write_text(dedent(THIRD))
    monkeypatch.setattr(tasks, "__path__", [*tasks.__path__, str(folder)])


@pytest.mark.usefixtures("third_task")
def test_a_third_task_is_a_file_and_trains(tmp_path):
    from controller.job_protocol import JobFolder
    from controller.training.runner import train

    (tmp_path / "tokenizer.json").write_text("{}")
    (tmp_path / "train.jsonl").write_text("2\n4\n" * 20)
    job = {"task": "one-number", "model": "third", "threads": 1, "prepared": str(tmp_path)}
    job["base"] = {"model": "none", "revision": "sha256:0", "folder": str(tmp_path)}
    arguments = {"num_train_epochs": 40, "learning_rate": 0.2, "per_device_train_batch_size": 40}
    job["training"] = {"method": "full", "arguments": arguments}
    folder = tmp_path / "job"
    folder.mkdir()
    (folder / "job.json").write_text(json.dumps(job))

    result = train(JobFolder(folder))

    learned = json.loads((folder / "output" / "mean.json").read_text())
    assert learned == pytest.approx(3, abs=0.5)
    assert result["training"]["validation"]["loss"] == pytest.approx(1, abs=0.25)


@pytest.mark.usefixtures("third_task")
def test_tasks_are_named_by_their_files():
    from controller.training.tasks import task_names

    assert sorted(task_names()) == ["causal-lm", "one-number", "text-classification"]


def test_a_task_that_does_not_exist_is_refused_with_those_that_do(tmp_path):
    from controller.errors import TrainingError
    from controller.training.job import read_job
    from controller.training.tasks import open_task

    base = {"model": "none", "revision": "x", "folder": "."}
    found = {"task": "summaries", "model": "m", "training": {}, "base": base, "prepared": "."}

    with pytest.raises(TrainingError, match="no task 'summaries'") as raised:
        open_task(read_job(found, threads=1), None)

    assert raised.value.fix == "the tasks are causal-lm, text-classification"
