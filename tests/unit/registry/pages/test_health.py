from dataclasses import replace

import pytest

from registry.overview import ModelStatus
from registry.pages.health import data_drift_of, health_of, tone_of
from registry.records import ModelRecord, RunKind, RunRecord, RunState
from specs.conditions import LIVE_FAILS_GATES, ConditionStatus, ConditionType
from specs.digest import digest_of
from tests.contract import rows

T, F, U = ConditionStatus.TRUE, ConditionStatus.FALSE, ConditionStatus.UNKNOWN
MODEL = ModelRecord("m", "specs/m.yaml", None, None, "", None, rows.NOW)
RUN = RunRecord(
    id="r-aaaaaaaaaa",
    model="m",
    kind=RunKind.TRAIN,
    digest=digest_of("x"),
    revision=rows.REVISION,
    trigger="commit",
    state=RunState.RUNNING,
    attempt=1,
    job={},
    progress=None,
    result=None,
    failure=None,
    started_at=rows.NOW,
    finished_at=None,
)


def status(run=None, **conditions):
    found = {
        ConditionType(name): rows.condition(ConditionType(name), value)
        for name, value in conditions.items()
    }
    return ModelStatus(MODEL, None, found, None, run)


@pytest.mark.parametrize(
    ("given", "word"),
    [
        (status(), "New"),
        (status(run=RUN), "Reconciling"),
        (status(Ready=U, Reconciling=T), "Reconciling"),
        (status(Ready=T, Reconciling=F), "Ready"),
        (status(Ready=F), "Not ready"),
        (status(Ready=F, Stalled=T, Reconciling=T), "Stalled"),
        (status(Ready=T, Suspended=T), "Suspended"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_the_strongest_statement_is_the_word(given, word):
    assert health_of(given).word == word


def test_a_live_version_that_fails_its_gates_is_bad():
    given = status(Ready=F)
    ready = replace(given.conditions[ConditionType.READY], reason=LIVE_FAILS_GATES)

    badge = health_of(replace(given, conditions={ConditionType.READY: ready}))

    assert (badge.word, badge.tone) == ("Live fails gates", "bad")


@pytest.mark.parametrize(
    ("given", "word"),
    [
        (status(), "Not watched yet"),
        (status(DataDriftDetected=U), "Not watched yet"),
        (status(DataDriftDetected=F), "No data drift"),
        (status(DataDriftDetected=T), "Data drift"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_traffic_has_a_word_of_its_own(given, word):
    assert data_drift_of(given).word == word


@pytest.mark.parametrize(
    ("kind", "value", "tone"),
    [
        (ConditionType.READY, T, "good"),
        (ConditionType.READY, F, "bad"),
        (ConditionType.STALLED, T, "bad"),
        (ConditionType.STALLED, F, "good"),
        (ConditionType.RECONCILING, T, "busy"),
        (ConditionType.DATA_DRIFT_DETECTED, T, "warn"),
        (ConditionType.GATES_PASSED, F, "warn"),
        (ConditionType.TRAINED, U, "quiet"),
    ],
)
def test_a_condition_is_coloured_by_its_own_polarity(kind, value, tone):
    assert tone_of(rows.condition(kind, value)) == tone
