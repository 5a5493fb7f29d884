"""Model cards: every subject appears with its evidence, and says so without."""

import json
import warnings
from dataclasses import asdict, replace

import pytest
from huggingface_hub import ModelCard
from huggingface_hub.repocard import metadata_load
from huggingface_hub.repocard_data import eval_results_to_model_index
from ruamel.yaml import YAML

from registry.cards import Known, as_json, as_markdown, build_card
from registry.evidence import HeldOutFile
from registry.records import (
    AliasRecord,
    EvaluationRecord,
    EventRecord,
    HoldRecord,
    QuarantineRecord,
    Verdict,
    VersionRecord,
)
from specs.digest import digest_of
from tests.contract import rows
from tests.contract.rows import LATER, MODEL, NOW, REVISION
from tests.unit.registry.pages.test_data_report import REPORT as DATA_REPORT

VERSION = VersionRecord(**vars(rows.version_draft("one")), number=3, created_at=NOW)
EVALUATION = EvaluationRecord(**vars(rows.evaluation_draft(VERSION)), created_at=NOW)
GATES = rows.gate_report(VERSION)
BARE = Known(version=VERSION)
ONE = asdict(rows.estimate(0.5, n=40))
PLAIN = Known(VERSION, EVALUATION, GATES, aliases=("live",))
REPORT = {
    "test_rows": 300,
    "near_twins": 12,
    "all_rows": {"f1_macro": asdict(rows.estimate(0.95))},
    "validation": {"accuracy": asdict(rows.estimate(0.77))},
    "slice_values_left_out": {"channel": 4},
    "calibration": {
        "bins": [{"from": 0.9, "to": 1.0, "n": 9, "confidence": 0.95, "accuracy": 0.6}],
        "error": 0.06, "null_mean": 0.03, "null_quantile": 0.04, "null_level": 0.95,
    },
    "weak_slices": {
        "tested": 812,
        "found": [
            {"slice": "len(text) <= 9", "accuracy": ONE, "elsewhere": ONE, "difference": ONE,
             "adjusted_p": 1e-5}
        ],
    },
    "robustness": {"perturbations": {"typos": {"changed": 211, "rows": 300}}},
    "bias": {
        "counterfactuals": {
            "gender": {"pairs": 7, "enough": False,
                       "by_source": {"in_place": {"pairs": 7, "flips": 1}}}
        },
        "groups": {
            "channel": {"groups": {"web": {"rows": 40, "accuracy": ONE}}, "too_small": {"fax": 3}}
        },
    },
    "mitigation": {
        "against": 2, "metrics": {"accuracy": {"with": ONE, "without": ONE, "change": ONE}}
    },
    "explanations": {
        "method": "integrated gradients", "convergence": {"worst": 0.01},
        "flags": [{"token": "x"}], "faithfulness": ONE, "examples": [{"text": "secret row"}],
        "spurious": [{"label": "card", "why": "a | number", "examples": ["secret row"]}],
    },
}  # fmt: skip
STUDIED = {
    "robustness.typos.flip_rate": rows.estimate(0.07),
    "bias.gender.flip_rate": rows.estimate(0.14, n=7),
    "lm_eval.arc.acc": rows.estimate(0.31),
}
OVERRIDE = {
    "metric": "f1_macro", "approver": "dana", "reason": "a known gap", "expires": "2026-12-31"
}  # fmt: skip
FULL = Known(
    version=replace(
        VERSION,
        lineage={**VERSION.lineage, "mitigation": {"reweight": "label"}},
        training={
            "cpu_seconds": 720.0, "train_accuracy": 0.99, "calibration": {"temperature": 1.7}
        },
    ),
    evaluation=replace(EVALUATION, report=REPORT, metrics=EVALUATION.metrics | STUDIED),
    gates=replace(
        rows.gate_report(VERSION, verdict=Verdict.INCONCLUSIVE),
        overrides=(OVERRIDE,),
        gates_changed_after_training=True,
        gates_at_training=digest_of("others"),
    ),
    aliases=("live",),
    spec={"metadata": {"owner": "support", "labels": {"team": "a", "oversight": "the shift lead"}}},
    data_report=DATA_REPORT,
    held_out=HeldOutFile("md5:1", candidates=4, warn_after=20),
    moves=(AliasRecord(MODEL, "live", 3, NOW, "trueup", "its gates passed"),
           AliasRecord(MODEL, "live", 2, LATER, "dana", "bad answers")),
    holds=(HoldRecord(1, MODEL, 3, "as it was", "dana", NOW, REVISION, LATER),),
    events=(
        EventRecord(1, NOW, MODEL, "Promoted", "x", "commit", REVISION, {"version": 3}),
        EventRecord(2, LATER, MODEL, "RolledBack", "dana went back", None, REVISION,
                    {"left": 3, "to": 2}),
    ),
    quarantine=QuarantineRecord(MODEL, VERSION.training_digest, "misread refunds", "dana", LATER),
)  # fmt: skip
SAID = {
    "intended_use": ("| owner | support |", "label: team", "TODO(owner): who works with"),
    "base": ("sentence-transformers/all-MiniLM-L6-v2", "| licence of the base | not recorded |"),
    "method": ("| method | lora |", "| learning_rate | 0.001 |"),
    "data": ("md5:0123456789abcdef", "| card | 600 | 60 | 100 |", "exact duplicates: 10, dropped",
             "| label in test |", "has judged 4 candidates", "| quarantined rows | 1 |",
             "| declared checks without a finding | secrets, role_order |"),
    "metrics": ("| f1_macro | 0.9000 | 0.8700 | 0.9300 | 300 | bootstrap |", "On validation rows",
                "12 of 300 held-out rows", "| train accuracy | 0.99 |"),
    "slices": ("| channel=chat | f1_macro | 0.8500 |", "| channel | 4 |"),
    "weak_slices": ("among 812 slices", "len(text) &lt;= 9"),
    "robustness": ("| typos | 211 | 300 |", "0.0700 (0.0400 to 0.1000, n=300, bootstrap)"),
    "bias": ("in_place: 1 of 7", "| web | 40 | accuracy |", "| fax | 3 |", "version 2"),
    "other_studies": ("lm_eval.arc.acc",),
    "calibration": ("0.0600: more than", "| temperature | 1.7 |"),
    "explanations": ("integrated gradients", "convergence: worst", "| flags | 1 |", "faithfulness",
                     "| card | a \\| number |"),
    "gates": ("min 0.85", "| inconclusive | yes |", "dana", "a known gap", "2026-12-31",
              "yes: who changed them"),
    "not_measured": ("enough rows to decide a gate", "robustness to casing", "7 pairs are too few",
                     "channel=fax", "data check truncation: no base", "under attack"),
    "limitations": ("Oversight: the shift lead", "TODO(owner): known limits"),
    "lineage": (VERSION.training_digest, "torch"),
    "costs": ("about 2 Wh", "An estimate"),
    "promotions": ("became live", "left for version 2", "dana went back", "as it was",
                   "misread refunds", REVISION),
    "coverage": ("Annex IV 2(d)", "MEASURE 2.11", "nothing of whether a system complies"),
}  # fmt: skip
"""Section → what stands in it, of the version with all evidence."""
WITHOUT = {
    "metrics": "Not evaluated yet.",
    "slices": "No slice was declared",
    "weak_slices": "No search for weak slices",
    "robustness": "Not measured",
    "bias": "Not measured",
    "calibration": "Not measured",
    "explanations": "Not measured",
    "gates": "Not judged yet.",
    "promotions": "Never live, never held.",
}


def text_of(known):
    return as_markdown(build_card(known))


def head_of(text):
    return YAML(typ="safe").load(text.split("---\n")[1])


def section(known, key):
    """One section of the Markdown, found by its title in the document."""
    card = build_card(known)
    title = as_json(card)["sections"][key]["title"]
    return as_markdown(card).split(f"\n## {title}\n\n")[1].split("\n\n## ")[0]


def test_the_head_is_what_the_hub_reads(tmp_path):
    path = tmp_path / "README.md"
    path.write_text(text_of(FULL))

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        data = ModelCard.load(path).data
    head = metadata_load(path)

    assert head["base_model"] == "sentence-transformers/all-MiniLM-L6-v2"
    assert head["tags"] == ["trueup", "text-classification", "lora"]
    results = {one.metric_type: one.metric_value for one in data.eval_results}
    assert (results["f1_macro"], results["lm_eval.arc.acc"]) == (0.9, 0.31)
    assert data.eval_results[0].task_type == "text-classification"
    assert eval_results_to_model_index(data.model_name, data.eval_results) == head["model-index"]


def test_nothing_is_claimed_that_nobody_declared():
    named = replace(PLAIN, spec={"metadata": {"labels": {"license": "mit"}}})

    assert "license" not in head_of(text_of(PLAIN))
    assert head_of(text_of(named))["license"] == "mit"
    assert "model-index" not in head_of(text_of(BARE))


@pytest.mark.parametrize("base", ["./bases/tiny", "/srv/base", "registry:other@live"])
def test_a_base_that_is_not_on_the_hub_is_not_named_as_such(base):
    lineage = {**VERSION.lineage, "base": {"model": base, "licence": "mit"}}
    known = replace(PLAIN, version=replace(VERSION, lineage=lineage))

    assert "base_model" not in head_of(text_of(known))
    assert base in section(known, "base")
    assert "| licence of the base | mit |" in section(known, "base")


@pytest.mark.parametrize("key", SAID)
def test_a_section_shows_its_evidence(key):
    text = section(FULL, key)

    assert [one for one in SAID[key] if one not in text] == []


def test_every_section_is_tested():
    assert list(as_json(build_card(FULL))["sections"]) == list(SAID)


def test_a_section_without_evidence_says_so():
    document = as_json(build_card(BARE))["sections"]

    assert {
        key: section(BARE, key) for key, said in WITHOUT.items() if said not in section(BARE, key)
    } == {}
    assert not any(document[key]["has_evidence"] for key in WITHOUT)
    assert "anything: no held-out rows were judged" in section(BARE, "not_measured")


def test_rows_of_the_data_have_no_place_in_a_card():
    assert "secret row" not in text_of(FULL)
    assert "aws_key" not in text_of(FULL)


@pytest.mark.parametrize(
    "report", [{"robustness": None, "bias": {}}, {"calibration": {}, "weak_slices": []}]
)
def test_a_report_of_another_release_renders(report):
    known = replace(PLAIN, evaluation=replace(EVALUATION, report=report), data_report={})

    assert "## Coverage map" in text_of(known)


def test_the_document_is_json_and_says_what_the_text_says():
    metrics = {"loss": rows.estimate(float("nan")), **EVALUATION.metrics}
    known = replace(PLAIN, evaluation=replace(EVALUATION, metrics=metrics))
    document = json.loads(json.dumps(as_json(build_card(known)), allow_nan=False))

    (table,) = [one for one in document["sections"]["metrics"]["blocks"] if one["kind"] == "table"]
    assert table["rows"][0] | {"n": 0} == {
        "metric": "loss", "value": None, "low": None, "high": None, "n": 0, "method": "bootstrap",
    }  # fmt: skip
    assert "| loss | not finite |" in text_of(known)
    (result,) = document["metadata"]["model-index"][0]["results"]
    assert {one["type"] for one in result["metrics"]} == {"f1_macro", "accuracy"}


def test_text_of_others_stays_in_its_place():
    evil = "a | b\n\n# a heading <script>alert(1)</script> [link](javascript:1) `code`"
    lineage = {**VERSION.lineage, "machine": {"cpu": evil}}
    known = replace(
        FULL,
        version=replace(VERSION, lineage=lineage),
        spec={"metadata": {"labels": {"limitations": evil}}},
    )
    text = text_of(known)

    kept = "a \\| b # a heading &lt;script>alert(1)&lt;/script> \\[link\\](javascript:1) \\`code\\`"
    assert f"| machine: cpu | {kept} |" in text
    assert f"Limitations: {kept}" in text
    assert "<script" not in text


def test_a_multi_label_version_is_said_to_give_a_set():
    lineage = VERSION.lineage | {"inputs": {"data": {"columns": {"labels": "tags"}}}}
    known = replace(PLAIN, version=replace(VERSION, lineage=lineage))

    assert "Gives a set of labels" in section(known, "intended_use")
