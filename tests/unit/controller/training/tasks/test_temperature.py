"""Temperature scaling: the textbook's number, folded into the head that is served."""

import json
from pathlib import Path

import pytest

from controller.errors import TrainingError

pytestmark = pytest.mark.torch
torch = pytest.importorskip("torch")


def bold_rows(count, *, boldness, seed=1):
    """Logits that are ``boldness`` times as far apart as their labels' chances say."""
    torch.manual_seed(seed)
    logits = torch.randn(count, 4, dtype=torch.float64) * 2
    labels = torch.multinomial(logits.softmax(1), 1).squeeze(1)
    return logits * boldness, labels


def test_the_temperature_is_that_of_the_least_loss():
    from controller.training.tasks.temperature import fit_temperature

    logits, labels = bold_rows(3_000, boldness=2.5)
    sharpness = torch.ones(1, dtype=torch.float64, requires_grad=True)
    search = torch.optim.LBFGS([sharpness], max_iter=50, line_search_fn="strong_wolfe")

    def textbook():
        search.zero_grad()
        loss = torch.nn.functional.cross_entropy(logits * sharpness, labels)
        loss.backward()
        return loss

    search.step(textbook)

    assert fit_temperature(logits, labels) == pytest.approx(1 / sharpness.item(), rel=2e-3)
    assert fit_temperature(logits, labels) == pytest.approx(2.5, rel=0.1)


def test_rows_that_are_all_right_do_not_ask_for_endless_certainty():
    from controller.training.tasks.temperature import fit_temperature

    logits = torch.eye(3, dtype=torch.float64).repeat(20, 1) * 4

    assert 0.4 < fit_temperature(logits, torch.arange(3).repeat(20)) < 1


def test_it_is_folded_into_the_head_and_mends_the_calibration_error():
    from controller.training.tasks.head import Features
    from controller.training.tasks.temperature import fold_temperature

    vectors, labels = bold_rows(2_000, boldness=1.0)
    head = torch.nn.Linear(4, 4)
    with torch.no_grad():
        head.weight.copy_(3 * torch.eye(4))
        head.bias.zero_()
    features = Features(vectors.float(), labels)
    before = head(features.vectors)

    found = fold_temperature(head, features)

    after = head(features.vectors)
    assert torch.allclose(after * found["temperature"], before, atol=1e-4)
    assert found["temperature"] == pytest.approx(3, rel=0.1)
    assert found["loss_after"] < found["loss_before"]
    assert found["expected_calibration_error_after"] < 0.03
    assert found["expected_calibration_error_before"] > 0.1


def test_sets_of_labels_have_a_temperature_too():
    from controller.training.tasks.temperature import fit_temperature

    torch.manual_seed(1)
    logits = torch.randn(2_000, 3, dtype=torch.float64) * 2
    labels = torch.bernoulli(logits.sigmoid()).float()

    assert fit_temperature(logits * 2, labels) == pytest.approx(2, rel=0.1)


def test_without_validation_rows_there_is_nothing_to_fit():
    from controller.training.tasks.head import Features
    from controller.training.tasks.temperature import fold_temperature

    nothing = Features(torch.zeros(0, 4), torch.zeros(0, dtype=torch.long))

    with pytest.raises(TrainingError, match="there are none"):
        fold_temperature(torch.nn.Linear(4, 4), nothing)


def test_what_serves_has_the_calibrated_loss(jobs):
    from controller.job_protocol import JobFolder
    from controller.training.runner import train
    from registry.serving.classifier import load_classifier

    folder = jobs.make(rows=60, method="linear-probe", calibration="temperature")
    place = folder / "prepared/validation.jsonl"
    rows = [json.loads(line) for line in place.read_text().splitlines()]
    for row in rows[::4]:
        row["label"] = "login"  # some of these are wrong, and the head is sure of itself
    place.write_text("".join(json.dumps(row) + "\n" for row in rows))

    done = train(JobFolder(folder))["training"]["calibration"]

    manifest = json.loads((folder / "output/trueup.json").read_text())
    job = json.loads((folder / "job.json").read_text())
    found = load_classifier(folder / "output", Path(job["base"]["folder"])).predict(
        [row["text"] for row in rows]
    )
    columns = [found.labels.index(row["label"]) for row in rows]
    chances = found.probabilities[range(len(rows)), columns]
    loss = -torch.from_numpy(chances).double().log().mean().item()
    assert loss == pytest.approx(done["loss_after"], abs=1e-3)
    assert done["loss_after"] < 0.8 * done["loss_before"]
    assert manifest["calibration"] == {"method": "temperature", **done}
    assert manifest["temperature"] == 1.0
