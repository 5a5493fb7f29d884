"""What stands beside a version's numbers, as the API, the pages and the command line show it."""

from dataclasses import asdict, replace

import pytest

from registry.evidence import remarks_on, side_by_side, worn_words
from registry.records import EvaluationRecord, VersionRecord
from tests.contract import rows

VERSION = VersionRecord(**vars(rows.version_draft("one")), number=1, created_at=rows.NOW)
EVALUATION = EvaluationRecord(**vars(rows.evaluation_draft(VERSION)), created_at=rows.NOW)
JUDGED, OTHER = EVALUATION.metrics["accuracy"], rows.estimate(0.95, n=360)
COUNTS = {"near_twins": 60, "test_rows": 360}


@pytest.mark.parametrize(
    ("kept", "judged", "clean", "all_rows"),
    [("all_rows", "clean", JUDGED, OTHER), ("clean_rows", "all", OTHER, JUDGED)],
)
def test_metrics_of_the_clean_rest_stand_beside_those_of_all_rows(kept, judged, clean, all_rows):
    report = COUNTS | {kept: {"accuracy": asdict(OTHER)}}

    found = side_by_side(replace(EVALUATION, report=report))

    accuracy = next(one for one in found.metrics if one.metric == "accuracy")
    assert (found.near_twins, found.test_rows, found.judged) == (60, 360, judged)
    assert (accuracy.clean, accuracy.all_rows) == (clean, all_rows)


def test_without_near_twins_there_is_one_value_for_each_metric():
    assert side_by_side(replace(EVALUATION, report=COUNTS | {"near_twins": 0})) is None
    assert side_by_side(None) is None


def test_a_report_says_what_a_reader_has_to_know_beside_its_verdicts():
    override = {"metric": "f1_macro", "approver": "dana", "reason": "fair", "expires": "2026-12-31"}
    report = replace(
        rows.gate_report(VERSION), gates_changed_after_training=True, overrides=(override,)
    )

    assert remarks_on(rows.gate_report(VERSION)) == []
    assert remarks_on(report) == [
        "its gates were changed after its training started",
        "dana answers for f1_macro until 2026-12-31: fair",
    ]


def test_a_test_file_is_worn_from_the_declared_number_on():
    assert worn_words("data/test.csv", 1, 10) == "data/test.csv has judged 1 candidate"
    assert "bring held-out rows" in worn_words("data/test.csv", 10, 10)
