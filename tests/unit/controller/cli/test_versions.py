import json

import pytest

from registry.records import Verdict


@pytest.fixture
def two_versions(world):
    world.declare()
    world.go_live(world.version(f1=0.90))
    world.version(f1=0.70, verdict=Verdict.FAIL)


def test_versions_are_listed_newest_first_with_their_quality(two_versions, trueup):
    lines = trueup("versions", "support-intents").stdout.splitlines()

    assert lines[1].split()[:2] == ["2", "failed"]
    assert "0.900 [0.85, 0.95]" in lines[2]
    assert lines[2].split()[-1] == "live"
    assert max(len(line) for line in lines) <= 80


def test_json_lists_versions_with_the_fields_that_scripts_rely_on(two_versions, trueup):
    first, second = json.loads(trueup("versions", "support-intents", "--json").stdout)

    assert first["number"] == 1
    assert first["aliases"] == ["live"]
    assert second["state"] == "failed"
    assert set(first["metrics"]["f1_macro"]) >= {"value", "low", "high", "n"}
    assert {"training_digest", "revision", "created_at"} <= set(first)


def test_no_versions_yet_is_not_an_error(world, trueup):
    world.declare()

    result = trueup("versions", "support-intents")

    assert result.exit_code == 0
    assert "trueup status support-intents" in result.stdout


@pytest.mark.parametrize("which", ["support-intents", "support-intents@live", "support-intents@1"])
def test_a_version_is_shown_by_number_or_alias(two_versions, trueup, which):
    result = trueup("show", which)

    assert result.exit_code == 0
    assert "1 of support-intents, live" in result.stdout


def test_a_version_shows_its_gates_and_slices(two_versions, trueup):
    said = trueup("show", "support-intents@2").stdout

    assert "fail" in said
    assert "f1_macro is at least 0.65, needed 0.80" in said
    assert "channel=email" in said


def test_a_version_shows_the_clean_rest_and_that_its_gates_were_changed(world, trueup):
    everything = {"f1_macro": {"value": 0.93, "low": 0.9, "high": 0.95, "n": 460, "method": "b"}}
    report = {"near_twins": 60, "test_rows": 460, "all_rows": everything}
    world.declare()
    world.version(studied={"report": report}, changed=True)

    said = trueup("show", "support-intents@1").stdout
    detail = json.loads(trueup("show", "support-intents@1", "--json").stdout)

    assert "60 of 460 held-out rows" in said
    assert "gates judge the clean rest" in " ".join(said.split())
    assert "Marked: these gates were changed" in said
    assert "The test file has judged 1 candidate." in said
    assert (detail["rows"]["judged"], detail["held_out"]["candidates"]) == ("clean", 1)
    assert detail["gates"]["gates_changed_after_training"]


def test_a_version_shows_what_studies_found_in_tables_of_their_own(world, trueup):
    names = ["accuracy_drop", "flip_rate"]
    metrics = [f"robustness.{kind}.{name}" for kind in ("typos", "ocr") for name in names]
    worth = {"against": None, "message": "nothing to compare with", "fix": "train one without"}
    world.declare()
    studied = {"metrics": [*metrics, "bias.gender.flip_rate"], "report": {"mitigation": worth}}
    world.version(studied=studied)

    lines = trueup("show", "support-intents@1").stdout.splitlines()

    [head] = [line for line in lines if line.startswith("ROBUSTNESS")]
    assert head.split("  ")[0] == "ROBUSTNESS"
    assert "ACCURACY DROP [95 %]" in head
    assert any(line.startswith("ocr ") and line.endswith("400") for line in lines)
    assert any(line.startswith("gender ") for line in lines)
    assert not any(line.startswith("robustness.") for line in lines)
    said = " ".join(lines)
    assert "Mitigation: nothing to compare with. To get one, train one without." in said


def test_a_version_shows_what_its_answers_come_from(world, trueup):
    flag = {"label": "card", "kind": "number", "words": ["12"], "share": 0.8, "rows": 5}
    report = {"explain": {"rows": 200, "wrong": 54, "spurious": [flag]}}
    world.declare()
    world.version(studied={"metrics": ["explain.faithfulness_gain"], "report": report})

    said = " ".join(trueup("show", "support-intents@1").stdout.split())

    assert "Explained 200 answers, 54 wrong: faithfulness gain 0." in said
    assert "card goes by number (12): 80% of its support in 5 rows." in said


def test_json_of_one_version_has_lineage_and_gates(two_versions, trueup):
    detail = json.loads(trueup("show", "support-intents@2", "--json").stdout)

    assert detail["lineage"] == {"base": {"model": "tiny"}}
    assert detail["gates"]["verdicts"][0]["verdict"] == "fail"


def test_a_number_that_is_not_there_is_named_with_those_that_are(two_versions, trueup):
    result = trueup("show", "support-intents@7")

    assert result.exit_code == 1
    assert "its versions: 1, 2" in result.stderr


def test_an_alias_that_is_not_there_is_bad_input(two_versions, trueup):
    result = trueup("show", "support-intents@best")

    assert result.exit_code == 2
    assert "neither a version number nor an alias" in result.stderr


def test_nothing_live_is_said_plainly(world, trueup):
    world.declare()

    result = trueup("show", "support-intents")

    assert result.exit_code == 1
    assert "no live version" in result.stderr


def test_a_version_shows_what_it_was_planned_to_cost_beside_what_it_cost(world, trueup):
    figure = {"value": 60.0, "low": 40.0, "high": 90.0, "basis": "calibrated on this machine"}
    memory = {"value": 2**30, "low": 2**29, "high": 2**31, "basis": "calibrated on this machine"}
    planned = {"figures": {"seconds": figure, "peak_memory_bytes": memory}}
    training = {"planned": planned, "run_seconds": 75.0, "peak_memory_bytes": 2**29, "steps": 40}
    world.declare()
    world.version(training=training)

    lines = trueup("show", "support-intents@1").stdout.splitlines()
    costs = json.loads(trueup("show", "support-intents@1", "--json").stdout)["costs"]

    told = {" ".join(line.split()) for line in lines}
    assert any(line.startswith("time 1 min 0 s 1 min 15 s 0.80 calibrated") for line in told)
    assert any(line.startswith("peak memory 1.0 GiB 512 MiB 2.00 calibrated") for line in told)
    assert any(line.startswith("steps - 40 - not planned") for line in told)
    assert [one["quantity"] for one in costs] == ["seconds", "peak_memory_bytes", "steps"]
    assert costs[0]["ratio"] == 0.8


def test_a_card_is_printed_as_text_and_as_a_document(two_versions, trueup):
    text = trueup("card", "support-intents@2").stdout
    document = json.loads(trueup("card", "support-intents@2", "--json").stdout)

    assert text.startswith("---\nbase_model: tiny\n")
    assert "Not passed" in text
    assert document["sections"]["gates"]["has_evidence"]
    assert trueup("card", "support-intents@9").exit_code == 1
