from dataclasses import replace

import pytest

from registry.records import EvaluationRecord, VersionRecord
from registry.version_state import VersionState, version_state
from tests.contract import rows

VERSION = VersionRecord(
    **vars(rows.version_draft("one")), number=1, created_at=rows.NOW
)  # the draft's fields, and what the store adds
EVALUATION = EvaluationRecord(**vars(rows.evaluation_draft(VERSION)), created_at=rows.NOW)
PASSED = rows.gate_report(VERSION)
FAILED = replace(PASSED, passed=False)


@pytest.mark.parametrize(
    ("aliases", "is_quarantined", "evidence", "expected"),
    [
        ([], False, (None, None), VersionState.REGISTERED),
        ([], False, (None, EVALUATION), VersionState.EVALUATED),
        ([], False, (FAILED, EVALUATION), VersionState.FAILED),
        (["candidate"], False, (PASSED, EVALUATION), VersionState.PASSED),
        (["previous"], True, (PASSED, EVALUATION), VersionState.QUARANTINED),
        (["live"], True, (FAILED, EVALUATION), VersionState.LIVE),
    ],
    ids=lambda value: value if isinstance(value, VersionState) else "",
)
def test_a_version_has_the_strongest_state_that_is_true(
    aliases, is_quarantined, evidence, expected
):
    gates, evaluation = evidence

    state = version_state(
        aliases=aliases, is_quarantined=is_quarantined, gates=gates, evaluation=evaluation
    )

    assert state is expected
