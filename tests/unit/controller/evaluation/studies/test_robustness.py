"""Robustness: measured over what noise really changed, in words that gates know."""

import pytest

from controller.errors import DataError, EvaluationError
from controller.evaluation.intervals import tango
from controller.evaluation.studies import run_studies

CARDS = [(f"look at card {number}?", "card", {}) for number in range(30)]
REFUNDS = [(f"I'm waiting for the refund of {number}", "refund", {}) for number in range(10)]


def test_noise_is_measured_over_the_rows_that_it_changed(make_bench):
    bench = make_bench([*CARDS, *REFUNDS], {"robustness": ["contractions"]})

    found = run_studies(bench)["robustness"]

    drop = found.metrics["robustness.contractions.accuracy_drop"]
    assert (drop.value, drop.n, drop.method) == (0.0, 10, "tango")
    assert (drop.low, drop.high) == tango(0, 0, 10)
    assert found.report["perturbations"]["contractions"]["rows"] == 40
    assert found.report["asked"] == 10


def test_the_drop_is_paired_and_every_flip_is_shown(make_bench):
    bench = make_bench(CARDS, {"robustness": ["casing"]})

    found = run_studies(bench)["robustness"]

    drop = found.metrics["robustness.casing.accuracy_drop"]
    flips = found.metrics["robustness.casing.flip_rate"]
    assert drop.value == flips.value > 0.3
    assert drop.low > 0
    example = found.report["perturbations"]["casing"]["examples"][0]
    assert example["before"].lower() == example["after"].lower()
    assert (example["label"], example["predicted"]) == ("card", "card")
    assert example["predicted_after"] != "card"


def test_the_worst_case_takes_each_row_at_its_worst(make_bench):
    kinds = ["casing", "typos", "word_drop"]
    bench = make_bench([*CARDS, *REFUNDS], {"robustness": kinds}, excluded=(1, 2))

    found = run_studies(bench)["robustness"]

    worst = found.metrics["robustness.worst.accuracy"]
    drops = [found.metrics[f"robustness.{kind}.accuracy_drop"] for kind in kinds]
    assert worst.n == 38
    assert worst.method == "wilson"
    assert worst.value <= 1 - max(drop.value * drop.n / 38 for drop in drops)


def test_a_noise_that_changes_nothing_proves_nothing(make_bench):
    bench = make_bench(CARDS, {"robustness": ["contractions"]})

    found = run_studies(bench)["robustness"]

    drop = found.metrics["robustness.contractions.accuracy_drop"]
    assert (drop.low, drop.high, drop.n) == (-1.0, 1.0, 0)


def test_the_seed_alone_decides_the_noise(make_bench):
    asked = {"robustness": ["typos", "ocr", "word_swap", "truncation"]}

    first, second = (run_studies(make_bench(REFUNDS, asked)) for _ in range(2))

    assert first == second


def test_own_paraphrases_pair_with_the_test_rows_they_name(make_bench, tmp_path):
    file = tmp_path / "content"
    file.write_text(
        "text,paraphrase\n"
        "look at card 1?,my plastic has not come\n"
        "look at card 2?,have you sent the card?\n"
        "look at card 2?,a second way without it\n"
        "no such text,whatever\n"
    )
    asked = {"robustness": {"paraphrases": "data/own.csv"}}
    bench = make_bench(CARDS, asked, own_files={"data/own.csv": file})

    found = run_studies(bench)["robustness"]

    assert found.metrics["robustness.paraphrases.flip_rate"].n == 2
    assert found.metrics["robustness.worst.accuracy"].value == 28 / 30
    assert found.report["paraphrases"]["texts_not_in_test"] == 1


def test_paraphrases_of_other_texts_are_refused(make_bench, tmp_path):
    file = tmp_path / "content"
    file.write_text("text,paraphrase\nnobody,asked\n")
    asked = {"robustness": {"paraphrases": "own.csv"}}

    with pytest.raises(EvaluationError, match=r"own\.csv: none of its 1 texts"):
        run_studies(make_bench(CARDS, asked, own_files={"own.csv": file}))


def test_an_unreadable_own_file_is_named_with_its_line(make_bench, tmp_path):
    file = tmp_path / "content"
    file.write_text("text,paraphrase\nlook at card 1?,\n")
    asked = {"robustness": {"paraphrases": "own.csv"}}

    with pytest.raises(DataError, match="'paraphrase' is empty") as refused:
        run_studies(make_bench(CARDS, asked, own_files={"own.csv": file}))

    assert str(refused.value.place) == "own.csv:2"


def test_an_attack_finds_the_word_that_decides_and_keeps_its_budget(make_bench):
    asked = {"robustness": {"attack": {"rows": 8, "queries": 20}}}
    bench = make_bench([*CARDS, ("no words at all", "refund", {})], asked)

    found = run_studies(bench)["robustness"]

    estimate, told = found.metrics["robustness.attack.accuracy"], found.report["attack"]
    assert (estimate.value, estimate.n, estimate.method) == (0.0, 8, "wilson")
    assert told["broken"] == told["right_before"]
    assert 0 < told["queries"] <= 8 * 20
    assert told["examples"][0]["after"] != told["examples"][0]["before"]


def test_an_attack_without_budget_for_an_edit_breaks_nothing(make_bench):
    asked = {"robustness": {"attack": {"rows": 5, "queries": 2}}}
    rows = [(f"card card card card {number}", "card", {}) for number in range(10)]

    found = run_studies(make_bench(rows, asked))["robustness"]

    assert found.metrics["robustness.attack.accuracy"].value == 1.0
    assert found.report["attack"]["queries"] <= 10
