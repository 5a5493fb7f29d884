from dataclasses import replace

import pytest
from ruamel.yaml import YAML

from registry.cards import render_card
from registry.records import EvaluationRecord, Verdict, VersionRecord
from tests.contract import rows

VERSION = VersionRecord(**vars(rows.version_draft("one")), number=3, created_at=rows.NOW)
EVALUATION = EvaluationRecord(**vars(rows.evaluation_draft(VERSION)), created_at=rows.NOW)
GATES = rows.gate_report(VERSION)


def card(version=VERSION, evaluation=EVALUATION, gates=GATES, aliases=("live",)):
    return render_card(version, evaluation, gates, aliases)


def head_of(text):
    return YAML(typ="safe").load(text.split("---\n")[1])


def section(text, title):
    return text.split(f"## {title}\n\n")[1].split("\n\n## ")[0]


def test_the_head_is_what_the_hub_reads():
    head = head_of(card())

    assert head["base_model"] == "sentence-transformers/all-MiniLM-L6-v2"
    assert head["pipeline_tag"] == "text-classification"
    assert head["tags"] == ["trueup", "text-classification", "lora"]
    (entry,) = head["model-index"]
    assert entry["name"] == "support-intents@3"
    (result,) = entry["results"]
    assert result["task"] == {"type": "text-classification"}
    assert {"type": "f1_macro", "value": 0.9} in result["metrics"]


def test_what_nobody_declared_is_not_claimed():
    head = head_of(card())

    assert "license" not in head
    assert "language" not in head


@pytest.mark.parametrize("base", ["./bases/tiny", "/srv/base", "registry:other@live"])
def test_a_base_that_is_not_on_the_hub_is_not_named_as_such(base):
    lineage = {**VERSION.lineage, "base": {"model": base, "revision": "sha256:1"}}

    text = card(replace(VERSION, lineage=lineage))

    assert "base_model" not in head_of(text)
    assert base in section(text, "Base and method")


def test_every_metric_stands_with_its_interval_and_its_n():
    text = section(card(), "Metrics")

    assert "| f1_macro | 0.9000 | 0.8700 to 0.9300 | 300 | bootstrap |" in text


def test_slices_gates_and_lineage_are_in_the_card():
    text = card()

    assert "| channel=chat | f1_macro | 0.8500 |" in section(text, "Slices")
    assert "| f1_macro | all rows | pass |" in section(text, "Gates")
    assert VERSION.training_digest in section(text, "Lineage")
    assert "torch" in section(text, "Lineage")
    assert "md5:0123456789abcdef0123456789abcdef" in section(text, "Data")


def test_a_version_without_evidence_says_so():
    text = card(evaluation=None, gates=None, aliases=())

    assert "Not evaluated yet." in section(text, "Metrics")
    assert "Not judged yet." in section(text, "Gates")
    assert "no held-out rows were judged" in section(text, "What was not measured")
    assert "model-index" not in head_of(text)


def test_what_was_not_measured_is_named():
    text = section(card(), "What was not measured")

    assert "robustness" in text
    assert "bias" in text


def test_what_was_measured_is_not_said_to_lack():
    evaluation = replace(EVALUATION, report={"robustness": {"typos": 0.1}})

    assert "robustness" not in section(card(evaluation=evaluation), "What was not measured")


def test_an_undecided_gate_is_named_among_what_lacks():
    gates = rows.gate_report(VERSION, verdict=Verdict.INCONCLUSIVE)

    assert "enough rows to decide a gate" in section(card(gates=gates), "What was not measured")


def test_a_value_cannot_break_out_of_its_cell():
    machine = {"cpu": "a | b\n\n# a heading <script>alert(1)</script>"}
    lineage = {**VERSION.lineage, "machine": machine}

    text = card(replace(VERSION, lineage=lineage))

    assert "| machine: cpu | a \\| b # a heading &lt;script>alert(1)&lt;/script> |" in text


def test_a_metric_that_is_not_finite_is_said_and_not_published():
    metrics = {"loss": rows.estimate(float("nan"))}

    text = card(evaluation=replace(EVALUATION, metrics=metrics))

    assert "| loss | not finite |" in text
    assert head_of(text)["model-index"][0]["results"][0]["metrics"] == []


def test_a_multi_label_version_is_said_to_give_a_set():
    lineage = VERSION.lineage | {"inputs": {"data": {"columns": {"labels": "tags"}}}}

    assert "Gives a set of labels" in section(
        card(replace(VERSION, lineage=lineage)), "Intended use"
    )
