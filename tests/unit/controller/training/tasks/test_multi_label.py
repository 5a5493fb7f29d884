"""Multi-label, from prepared rows through training and evaluation to answers, over MiniLM."""

import json
import random

import pytest

from controller.job_protocol import JobFolder
from tests.unit.controller.training.conftest import TAILS, WANTS, write_rows

pytestmark = pytest.mark.torch
pytest.importorskip("torch")

LABELS = sorted(WANTS)
METRICS = ("accuracy", "precision_macro", "recall_macro", "f1_macro", "f1_micro", "loss")


def tagged_rows(count: int, seed: int) -> list[dict]:
    """Texts that want none, one or two things."""
    draw = random.Random(seed)
    rows = []
    for number in range(1, count + 1):
        labels = sorted(draw.sample(LABELS, draw.choice((0, 1, 1, 2))))
        parts = [draw.choice(WANTS[label]) for label in labels] or ["good morning to all of you"]
        text = f"{' and '.join(parts)} {draw.choice(TAILS)}"
        rows.append({"row": number, "text": text, "labels": labels, "slices": {}})
    return rows


@pytest.fixture(scope="module")
def trained(jobs):
    """A multi-label version, its job folder and its result."""
    from controller.training.runner import train

    folder = jobs.make(method="lora", arguments={"max_steps": 8, "max_length": 32})
    for split, count, seed in (("train", 150, 1), ("validation", 40, 2), ("test", 60, 3)):
        write_rows(folder / "prepared", split, tagged_rows(count, seed))
    return folder, train(JobFolder(folder))


def test_it_learns_sets_and_says_so_in_the_manifest(trained):
    folder, result = trained

    manifest = json.loads((folder / "output" / "trueup.json").read_text())
    measured = result["training"]["validation"]
    assert (manifest["problem_type"], manifest["threshold"]) == ("multi_label_classification", 0.5)
    assert set(measured) >= {"loss", "accuracy", "f1_macro", "f1_micro"}
    assert measured["f1_macro"] > 0.9
    assert measured["accuracy"] > 0.7


@pytest.fixture(scope="module")
def evaluated(trained, tmp_path_factory):
    """The output folder of an evaluation of that version."""
    from controller.evaluation.job import evaluate

    folder, _ = trained
    job = json.loads((folder / "job.json").read_text())
    content = {"task": job["task"], "version": str(folder / "output"), "base": job["base"]}
    content |= {"prepared": job["prepared"], "metrics": [*METRICS, "overfit_gap"], "threads": 1}
    into = tmp_path_factory.mktemp("evaluation")
    (into / "job.json").write_text(json.dumps(content))
    evaluate(JobFolder(into))
    return JobFolder(into).output


def test_evaluation_measures_sets_with_intervals(evaluated):
    from controller.evaluation.evidence import read_rows
    from controller.evaluation.metrics import measure_difference
    from controller.evaluation.scored_rows import paired

    found = json.loads((evaluated / "metrics.json").read_text())
    lines = [json.loads(line) for line in (evaluated / "rows.jsonl").read_text().splitlines()]
    whole = sum(line["labels"] == line["predicted"] for line in lines) / len(lines)
    hits = sum(len(set(line["labels"]) & set(line["predicted"])) for line in lines)
    total = sum(len(line["labels"]) + len(line["predicted"]) for line in lines)

    metrics = found["metrics"]
    assert metrics["accuracy"]["value"] == pytest.approx(whole)
    assert metrics["f1_micro"]["value"] == pytest.approx(2 * hits / total)
    assert metrics["f1_macro"]["low"] < metrics["f1_macro"]["value"] <= metrics["f1_macro"]["high"]
    assert set(found["report"]["per_label"]) == set(LABELS)
    rows = read_rows((evaluated / "rows.jsonl").read_text().splitlines())
    difference = measure_difference("f1_macro", *paired(rows, rows))
    assert difference.low < 0 == difference.estimate.value < difference.high


def test_the_reference_window_names_sets_as_captured_traffic_does(evaluated):
    reference = json.loads((evaluated / "reference.json").read_text())

    labels = {row["label"] for row in reference["rows"]}
    assert {"(none)", "delivery", "delivery, login"} <= labels


def test_it_answers_with_all_labels_above_the_threshold(trained):
    from registry.bases import resolve_base
    from registry.serving.engine import Labelled
    from registry.serving.hf_engine import HfEngine
    from registry.settings import Settings

    folder, _ = trained
    manifest = json.loads((folder / "output" / "trueup.json").read_text())
    settings = Settings(home=folder, offline=True)
    resolve_base(manifest["base"]["model"], None, repo_folder=None, settings=settings)

    model = HfEngine(settings, threads=1).load(folder / "output")
    both, none = model.predict(
        ["give my money back and where is my parcel today", "good morning to all of you please"]
    )

    assert isinstance(both, Labelled)
    assert (list(both.labels), both.label) == (["delivery", "refund"], "delivery, refund")
    assert (list(none.labels), none.label) == ([], "(none)")
    assert all(both.scores[label] >= 0.5 for label in both.labels)
    assert 0.5 <= both.score <= 1


@pytest.mark.parametrize(("batch", "accumulate"), [(8, 1), (2, 4)])
def test_a_weighted_loss_is_that_of_one_big_batch(jobs, batch, accumulate):
    """The sum over rows and labels, over what transformers counts as items."""
    import torch
    from torch.nn import functional

    from controller.training.job import read_job
    from controller.training.tasks.text_classification import open_learner

    mitigation = {"reweight": "label"}
    head = {"init": "random", "token_dropout": 0.0}
    folder = jobs.make(method="full", head=head, mitigation=mitigation)
    write_rows(folder / "prepared", "train", tagged_rows(8, 1))
    learner = open_learner(read_job(JobFolder(folder).job, threads=1), JobFolder(folder))
    rows = list(learner.rows)
    whole = learner.collate(rows)
    items = (whole["labels"] != -100).sum()

    with torch.inference_mode():
        parts = [learner.collate(rows[i * batch : (i + 1) * batch]) for i in range(accumulate)]
        loss = sum(learner.model(**part, num_items_in_batch=items)["loss"] for part in parts)
        logits = learner.model(**whole)["logits"]

    each = functional.binary_cross_entropy_with_logits(logits, whole["labels"], reduction="none")
    torch.testing.assert_close(loss, (each.mean(1) * whole["weights"]).mean())
    assert whole["weights"].mean().item() == pytest.approx(1)
    assert whole["weights"].unique().numel() > 1
