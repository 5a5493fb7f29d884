"""The page of a data report: what is found, refused, absent, and of an earlier release."""

import json

import pytest

from registry.pages.learning_curve import draw_learning_curve
from registry.records import Failure, RunKind, RunState
from registry.store import runs
from tests.contract import rows
from tests.contract.rows import LATER, MODEL
from tests.unit.registry.pages.test_routes import Page

CURVE = {
    "measure": "error",
    "rows": 1000,
    "points": [
        {"rows": 50 * 2**at, "error": 0.5 - 0.08 * at, "low": 0.48 - 0.08 * at, "high": 0.53}
        for at in range(5)
    ],
    "law": {"a": 2.0, "b": 0.4, "c": 0.01},
    "said": "More data would pay: twice the rows would take 3 points off",
}
REPORT = {
    "format": 2,
    "task": "text-classification",
    "files": {"train": "data/train.csv", "test": "data/test.csv"},
    "checks": {"secrets": "report", "exact_duplicates": "drop", "role_order": "report"},
    "read": {"train": 1010, "test": 200},
    "rows": {"train": 900, "validation": 100, "test": 200},
    "rows_per_label": {"card": {"train": 600, "validation": 60, "test": 100}},
    "findings": [
        {
            "check": "exact_duplicates",
            "split": "train",
            "action": "drop",
            "count": 10,
            "rows": list(range(1, 11)),
            "message": "exact duplicates: 10, dropped",
            "examples": [{"row": 1, "text": "<b>mail [email]</b>", "target": "card", "same_as": 7}],
            "counts": {},
        },
        {"check": "truncation", "split": "train", "action": "skipped", "count": 0, "rows": [],
         "message": "no base", "examples": [], "counts": {}},
    ],
    "facts": {
        "learning_curve": CURVE,
        "truncation": {"base": "org/b", "max_length": 64, "splits": {"train": {"cut": 3}}},
        "label_issues": {
            "estimated_rate": {"value": 0.02, "low": 0.01, "high": 0.03},
            "planted": {"rows": 9, "random": {"recall": 0.9}},
        },
        "split_shift": [
            {
                "family": "label", "split": "test", "distance": 0.14, "by_chance": 0.04,
                "adjusted_p": 1e-9, "shifted": True,
                "values": [
                    {
                        "value": "card", "train": 600, "held_out": 100, "train_share": 0.66,
                        "held_out_share": 0.5, "residual": -4.2,
                    }
                ],
            }
        ],
    },
    "quarantined": [
        {"row": 9, "text": "[aws_key]", "target": "card", "split": "train", "check": "secrets"}
    ],
}  # fmt: skip
OLD = {"task": "text-classification", "rows": {"train": 5}, "findings": [], "quarantined": []}


@pytest.fixture
def look(web):
    def look(path, status=200):
        answer = web.get(path)
        assert answer.status_code == status
        return Page(answer.text)

    return look


@pytest.fixture
def reported(registry_database, registry_artifacts):
    """Keep a report of a data run, and return the digest."""

    def reported(report=REPORT, failure=None):
        blob = registry_artifacts.put_bytes(json.dumps(report).encode())
        with registry_database.transaction() as session:
            rows.two_versions(session)
            run = rows.start_run(session, kind=RunKind.DATA)
            runs.finish_run(
                session,
                run.id,
                state=RunState.FAILED if failure else RunState.SUCCEEDED,
                result={"data_report": blob.digest},
                failure=failure,
                now=LATER,
            )
        return blob.digest

    return reported


def test_the_page_shows_findings_curve_labels_shifts_and_quarantine(look, reported):
    reported()

    page = look(f"/models/{MODEL}/data")

    for said in (
        "Checked",
        "exact duplicates: 10, dropped",
        "<b>mail [email]</b>",
        "same as: 7",
        "Rows 1, 2, 3, 4, 5, 6, 7, 8, 9, 10",
        "Looked for and not found: secrets.",
        "Not checked: truncation: no base.",
        "More data would pay",
        "Tokens of org/b; rows are cut at 64.",
        "14.0 % shifted",
        "0.02 (0.01 to 0.03)",
        "rows 9, random (Recall 0.9)",
        "[aws_key]",
    ):
        assert said in page.text, said
    assert page.open == []
    assert len(page.ids) == len(set(page.ids))
    assert not [one for one in page.attributes if one[1] == "style" or one[1].startswith("on")]


def test_refused_rows_have_their_report_and_the_way_out(look, reported):
    reported(failure=Failure("LabelUnseen", "data/test.csv: label loan", "add training rows"))

    page = look(f"/models/{MODEL}/data")

    assert "Refused" in page.text
    assert "data/test.csv: label loan add training rows" in page.text
    assert "exact duplicates" in page.text


def test_a_report_of_an_earlier_release_is_shown_as_far_as_it_goes(look, reported):
    reported(OLD)

    assert "No check found anything" in look(f"/models/{MODEL}/data").text


def test_rows_that_were_never_checked_say_how_to(look, registry_database):
    with registry_database.transaction() as session:
        rows.declare(session)

    assert "trueup data SPEC.yaml --local" in look(f"/models/{MODEL}/data").text
    assert look("/models/nobody/data", status=404)


def test_a_version_of_an_earlier_release_has_no_report_and_says_so(look, reported):
    reported()

    page = look(f"/models/{MODEL}/versions/1/data")

    assert "Version 1 was made before reports were kept" in page.text
    assert look(f"/models/{MODEL}/versions/9/data", status=404)


def test_the_api_answers_with_the_stored_report(web, reported):
    digest = reported(failure=Failure("LabelUnseen", "label loan", "add rows"))

    found = web.get(f"/api/v1/models/{MODEL}/data").json()

    assert (found["digest"], found["is_refused"]) == (digest, True)
    assert found["failure"]["reason"] == "LabelUnseen"
    assert found["report"] == json.loads(json.dumps(REPORT))
    assert web.get(f"/api/v1/models/{MODEL}/data?version=1").json()["report"] is None


def test_a_report_whose_file_is_gone_breaks_nothing(look, reported, registry_settings):
    digest = reported()
    for file in (registry_settings.home / "artifacts").rglob("*"):
        if file.is_file() and digest.removeprefix("sha256:")[4:] in str(file):
            file.unlink()

    assert "There is no data report" in look(f"/models/{MODEL}/data").text


def test_a_curve_is_drawn_from_few_rows_to_twice_all():
    chart = draw_learning_curve(CURVE)

    assert [tick.label for tick in chart.x_ticks] == ["50", "100", "200", "400", "800", "2,000"]
    assert "50 rows: 0.500" in chart.said
    assert all(chart.top <= mark.y <= chart.bottom for mark in chart.marks)
    assert draw_learning_curve({}) is None
