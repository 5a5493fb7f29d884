"""The job as a process: real predictions, and the evidence that it writes."""

import json
import shutil
import subprocess
import sys

import numpy as np
import pytest

from controller.errors import EvaluationError
from controller.evaluation.evidence import read_rows
from controller.evaluation.metrics import measure
from controller.evaluation.own_files import git_hash
from specs.evaluation import Evaluation
from specs.model import Spec
from specs.study_metrics import study_metrics

pytestmark = pytest.mark.torch
pytest.importorskip("torch")

METRICS = ["accuracy", "f1_macro", "loss", "roc_auc", "expected_calibration_error", "overfit_gap"]
TEXTS = {
    "card": ["my card is lost", "where is my bank card", "the card does not work", "new card"],
    "refund": ["refund me", "I want a refund", "when does the refund come", "money back please"],
}


def prepared_rows(split: str) -> list[dict]:
    pairs = [(text, label) for label, texts in TEXTS.items() for text in texts]
    return [
        {
            "row": number,
            "text": f"{text} {split}" if split != "test" else text,
            "label": label,
            "slices": {"channel": "web" if number % 2 else "mail"},
        }
        for number, (text, label) in enumerate(pairs, start=1)
    ]


def all_rows() -> dict[str, list[dict]]:
    return {split: prepared_rows(split) for split in ("train", "validation", "test")}


@pytest.fixture
def classification(classifier_version, minilm) -> dict:
    return {
        "task": "text-classification",
        "version": str(classifier_version),
        "base": {"folder": str(minilm)},
        "metrics": METRICS,
    }


def test_the_evidence_is_rows_metrics_slices_and_a_reference(run_job, classification):
    output = run_job(classification, all_rows())

    measured = json.loads((output / "metrics.json").read_text())
    rows = read_rows((output / "rows.jsonl").read_text().splitlines())
    reference = json.loads((output / "reference.json").read_text())
    assert list(measured["metrics"]) == METRICS
    assert measured["metrics"]["accuracy"]["value"] == measure("accuracy", rows).value > 0.7
    assert set(measured["slices"]) == {"channel=web", "channel=mail"}
    assert measured["slices"]["channel=web"]["accuracy"]["n"] == 4
    assert len(reference["rows"]) == 16
    assert "refund" in reference["vocabulary"]
    assert measured["report"]["validation"]["accuracy"]["n"] == 8


def test_a_ranking_can_be_measured_again_from_what_is_stored(run_job, classification):
    output = run_job(classification, all_rows())

    measured = json.loads((output / "metrics.json").read_text())
    lines = (output / "rows.jsonl").read_text().splitlines()
    rows = read_rows(lines, labels=measured["report"]["labels"])
    assert measured["metrics"]["roc_auc"]["value"] == measure("roc_auc", rows).value > 0.8
    assert measured["report"]["per_label"]["card"]["roc_auc_low"] < 1
    assert rows.chances.shape == (8, 2)


def test_a_test_set_of_one_label_has_no_ranking(run_job, classification):
    rows = all_rows()
    rows["test"] = rows["test"][:4]

    with pytest.raises(EvaluationError, match="roc_auc has no value on these 4 test rows"):
        run_job(classification, rows)


def test_the_overfit_gap_is_training_accuracy_less_held_out_accuracy(run_job, classification):
    output = run_job(classification, all_rows())

    metrics = json.loads((output / "metrics.json").read_text())["metrics"]
    gap = metrics["overfit_gap"]
    assert gap["value"] == pytest.approx(0.99 - metrics["accuracy"]["value"])
    assert gap["low"] < gap["value"] < gap["high"]


@pytest.fixture
def with_a_start(classification, classifier_version, tmp_path) -> dict:
    """A version that kept the head it started from: the same two directions, swapped."""
    from safetensors.torch import load_file, save_file

    version = tmp_path / "with a start"
    shutil.copytree(classifier_version, version)
    head = load_file(version / "head.safetensors")
    swapped = {name: values.flip(0).contiguous() for name, values in head.items()}
    save_file(swapped, version / "start_head.safetensors")
    return classification | {"version": str(version), "compares_with_base": True}


def test_the_base_as_it_is_is_measured_on_the_same_rows(run_job, with_a_start):
    rows = all_rows()
    rows["test"][0]["near_leak"] = True

    output = run_job(with_a_start, rows)

    measured = json.loads((output / "metrics.json").read_text())
    base = measured["report"]["base"]
    mine, theirs = (
        read_rows((output / name).read_text().splitlines(), labels=measured["report"]["labels"])
        for name in ("rows.jsonl", "base_rows.jsonl")
    )
    assert mine.keys == theirs.keys
    assert mine.excluded.tolist() == theirs.excluded.tolist()
    assert (mine.scores["correct"] + theirs.scores["correct"] == 1).all()
    assert base["metrics"]["accuracy"]["value"] == measure("accuracy", theirs.counted).value
    assert set(base["slices"]) == {"channel=web", "channel=mail"}
    assert "overfit_gap" not in base["metrics"]


def test_a_version_that_kept_no_probe_says_what_to_do(run_job, classification):
    with pytest.raises(EvaluationError, match=r"kept no start_head\.safetensors"):
        run_job(classification | {"compares_with_base": True}, all_rows())


def test_near_leaks_are_judged_apart(run_job, classification):
    rows = all_rows()
    for row in rows["test"][:3]:
        row["near_leak"] = True

    output = run_job(classification, rows)

    measured = json.loads((output / "metrics.json").read_text())
    assert measured["metrics"]["accuracy"]["n"] == 5
    assert measured["report"]["excluded"] == {"near_leak": 3}
    assert measured["report"]["all_rows"]["accuracy"]["n"] == 8


def test_the_clean_rest_is_measured_also_where_gates_judge_all_rows(run_job, classification):
    rows = all_rows()
    for row in rows["test"][:3]:
        row["near_leak"] = True

    output = run_job(classification | {"near_leakage": "report"}, rows)

    measured = json.loads((output / "metrics.json").read_text())
    assert measured["metrics"]["accuracy"]["n"] == 8
    assert measured["report"]["excluded"] == {}
    assert measured["report"]["near_twins"] == 3
    assert measured["report"]["clean_rows"]["accuracy"]["n"] == 5


def test_a_test_set_of_near_leaks_only_is_refused(run_job, classification):
    rows = all_rows()
    for row in rows["test"]:
        row["near_leak"] = True

    with pytest.raises(EvaluationError, match="all 8 test rows nearly repeat") as refused:
        run_job(classification, rows)

    assert refused.value.reason == "NoCleanTestRows"
    assert "near_leakage: report" in refused.value.fix


def test_the_process_ends_with_a_result_and_has_told_how_far_it_was(make_job, classification):
    folder = make_job(classification, all_rows())

    done = subprocess.run(
        [sys.executable, "-m", "controller.evaluation", str(folder)],
        capture_output=True,
        check=False,
    )

    result = json.loads((folder / "result.json").read_text())
    progress = [json.loads(line) for line in (folder / "progress.jsonl").read_text().splitlines()]
    assert (done.returncode, result["ok"]) == (0, True)
    assert list(dict.fromkeys(line["phase"] for line in progress)) == [
        "loading",
        "predicting validation",
        "predicting test",
        "measuring",
        "writing",
    ]


def test_a_label_that_the_version_does_not_know_is_a_wrong_answer(run_job, classification):
    rows = all_rows()
    rows["test"][0]["label"] = "loan"

    output = run_job(classification, rows)

    first = json.loads((output / "rows.jsonl").read_text().splitlines()[0])
    assert first["correct"] is False
    assert np.isfinite(first["loss"])


def test_generated_answers_are_measured(run_job, tiny_decoder):
    rows = [
        {"row": 1, "prompt": "where is my card ?", "completion": "it was lost .", "slices": {}},
        {"row": 2, "prompt": "is it here ?", "completion": "it is here", "slices": {}},
        {"row": 3, "prompt": "my card ?", "completion": "lost", "slices": {}},
    ]
    job = {
        "task": "causal-lm",
        "version": str(tiny_decoder),
        "base": {"folder": str(tiny_decoder)},
        "metrics": [
            *("loss", "perplexity", "exact_match", "token_f1", "rouge_l", "chrf"),
            *("pattern_match", "overfit_gap"),
        ],
        "evaluation": {"pattern": "[a-z]"},
        "compares_with_base": True,
    }

    output = run_job(job, {"train": rows, "validation": rows[:2], "test": rows})

    measured = json.loads((output / "metrics.json").read_text())["metrics"]
    lines = [json.loads(line) for line in (output / "rows.jsonl").read_text().splitlines()]
    assert [line["row"] for line in lines] == [1, 2, 3]
    assert measured["pattern_match"]["method"] == "wilson"
    assert measured["rouge_l"]["value"] == np.mean([line["rouge_l"] for line in lines])
    assert measured["loss"]["value"] == pytest.approx(np.log(12), abs=0.5)
    assert measured["perplexity"]["value"] == pytest.approx(np.exp(measured["loss"]["value"]))
    assert measured["overfit_gap"]["value"] == pytest.approx(0, abs=1e-5)  # the very same rows
    # This version's folder is its base.
    base = [json.loads(line) for line in (output / "base_rows.jsonl").read_text().splitlines()]
    assert [line["key"] for line in base] == [line["key"] for line in lines]
    assert [line["loss"] for line in base] == pytest.approx([line["loss"] for line in lines])
    assert {"rouge_l", "pattern_match"} <= base[0].keys()


def studied(run_job, job: dict, rows: dict[str, list[dict]]) -> tuple[dict, tuple[str, ...]]:
    """Run a job with studies; what it measured, and the names that the spec promises."""
    asked = {"robustness": ["typos", "contractions"]}
    asked["bias"] = {"counterfactuals": ["gender"], "groups": ["channel"]}
    if job["task"] == "text-classification":
        asked["explain"] = {"samples": 4}
    output = run_job(job | {"evaluation": asked, "seed": 17}, rows)
    evaluation = Evaluation.model_validate(asked)
    promised = study_metrics(Spec.model_construct(task=job["task"], evaluation=evaluation))
    return json.loads((output / "metrics.json").read_text()), promised


def test_studies_measure_exactly_what_the_spec_promises(run_job, classification):
    measured, promised = studied(run_job, classification, all_rows())

    assert tuple(measured["metrics"]) == (*METRICS, *promised)
    assert measured["metrics"]["robustness.typos.flip_rate"]["n"] == 8
    assert measured["report"]["bias"]["counterfactuals"]["gender"]["pairs"] == 8
    # Not exact as on a linear version, and near: the real base takes its embeddings so.
    convergence = measured["report"]["explain"]["convergence"]
    assert 0 < convergence["max"] < 0.05 * convergence["median_gap"]


def test_written_answers_are_studied_too(run_job, tiny_decoder):
    rows = [
        {
            "row": number,
            "prompt": f"user: where is it ?\nassistant: lost .\nuser: {question}",
            "completion": "it was lost .",
            "messages": [
                {"role": "user", "content": "where is it ?"},
                {"role": "assistant", "content": "lost ."},
                {"role": "user", "content": question},
                {"role": "assistant", "content": "it was lost ."},
            ],
            "slices": {"channel": "web"},
        }
        for number, question in enumerate(("is my card here ?", "was it my card ?"), start=1)
    ]
    job = {"task": "causal-lm", "version": str(tiny_decoder), "metrics": ["loss"]}
    job["base"] = {"folder": str(tiny_decoder)}

    measured, promised = studied(run_job, job, dict.fromkeys(("train", "validation", "test"), rows))

    assert tuple(measured["metrics"]) == ("loss", *promised)
    assert measured["metrics"]["robustness.typos.loss_rise"]["n"] == 2
    noted = measured["report"]["robustness"]["perturbations"]["typos"]
    assert noted["changed"] == 2


def test_the_overfit_gap_of_answers_is_a_difference_of_probabilities():
    from controller.evaluation.overfit import gap_of_losses

    known, held_out = -np.log([0.9, 0.8, 0.7]), -np.log([0.3, 0.5, 0.4])

    gap = gap_of_losses(list(known), list(held_out))

    assert gap.value == pytest.approx(0.4)
    assert -1 <= gap.low < 0.4 < gap.high <= 1
    assert gap.n == 3


def test_a_completions_loss_is_that_of_its_own_tokens(tiny_decoder):
    import torch

    from registry.serving.generator import build_causal_lm, load_generator

    generator = load_generator(tiny_decoder, tiny_decoder)
    model = build_causal_lm(tiny_decoder)
    ids = torch.tensor([[2, 3, 4, 5, 6, 7, 0]])  # where is my card | it was <end>
    with torch.inference_mode():
        chances = model(input_ids=ids).logits[0].log_softmax(-1)
    expected = -np.mean([float(chances[place, ids[0, place + 1]]) for place in (3, 4, 5)])

    [loss, _] = generator.losses(["where is my card", "is"], ["it was", "it was lost here ."])

    assert loss == pytest.approx(expected, abs=1e-5)


def committed(folder, files) -> dict:
    """A repository with ``files``, as a job is told of it."""
    for path, content in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(content)
    who = ["-c", "user.name=a", "-c", "user.email=a@b.c"]
    for command in (["init", "-q"], ["add", "-A"], [*who, "commit", "-qm", "Files"]):
        subprocess.run(["git", "-C", folder, *command], check=True)
    asked = ["git", "-C", folder, "rev-parse", "HEAD"]
    commit = subprocess.run(asked, capture_output=True, text=True, check=True).stdout.strip()
    hashes = {path: git_hash(content.encode()) for path, content in files.items()}
    repo = {"url": str(folder), "mirror": None, "commit": commit}
    return {"repo": repo, "hashes": hashes, "cache": str(folder)}


def test_a_judge_and_a_schema_of_the_repository_score_every_test_row(
    run_job, tiny_decoder, endpoint, tmp_path
):
    rows = [
        {"row": 1, "prompt": "where is my card ?", "completion": "it was lost .", "slices": {}},
        {"row": 2, "prompt": "is it here ?", "completion": "it is here", "slices": {}},
    ]
    files = {"judges/helpful.md": "{{prompt}} {{answer}}", "schemas/a.json": "{}"}
    judge = {"url": endpoint.url, "model": "good", "prompt": "judges/helpful.md"}
    job = {
        "task": "causal-lm",
        "version": str(tiny_decoder),
        "base": {"folder": str(tiny_decoder)},
        "metrics": ["loss", "json_valid", "judge_score", "overfit_gap"],
        "evaluation": {"judge": judge, "json_schema": "schemas/a.json"},
        "own_files": committed(tmp_path / "repo", files),
        "judge_scores": str(tmp_path / "scores.jsonl"),
    }

    output = run_job(job, {"train": rows, "validation": rows[:1], "test": rows})

    measured = json.loads((output / "metrics.json").read_text())
    lines = [json.loads(line) for line in (output / "rows.jsonl").read_text().splitlines()]
    assert measured["metrics"]["judge_score"]["value"] == 0.5
    assert [line["judge_score"] for line in lines] == [0.5, 0.5]
    assert [line["json_valid"] for line in lines] == [False, False]
    assert "judge_score" not in measured["report"]["validation"]
    assert len(endpoint.asked()) == 3  # the probe, and each row
