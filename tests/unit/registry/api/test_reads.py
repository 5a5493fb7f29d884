"""What the API answers about a registry with two versions, the second of which is live."""

import pytest

from registry.records import CurvePoint, Progress, SourceRecord
from registry.store import (
    conditions,
    evaluations,
    events,
    holds,
    rollbacks,
    run_output,
    runs,
    signals,
    sources,
)
from specs.conditions import ConditionStatus, ConditionType
from specs.digest import digest_of
from tests.contract import rows
from tests.contract.rows import LATER, MODEL, NOW, REVISION

API = "/api/v1"
STATUS_KEYS = {
    "name", "revision", "live_version", "waiting_for", "conditions", "hold", "run", "task", "path",
}  # fmt: skip
VERSION_KEYS = {
    "number", "state", "training_digest", "revision", "metrics", "created_at", "aliases", "run_id",
}  # fmt: skip


@pytest.fixture
def filled(registry_database):
    with registry_database.transaction() as session:
        rows.two_versions(session)
    return registry_database


def test_a_status_has_exactly_the_promised_fields(web, filled):
    with filled.transaction() as session:
        ready = rows.condition(ConditionType.READY, ConditionStatus.TRUE)
        conditions.write_conditions(session, MODEL, [ready])

    status = web.get(f"{API}/models/{MODEL}").json()

    assert set(status) == STATUS_KEYS
    assert status["name"] == MODEL
    assert status["revision"] == REVISION
    assert status["live_version"] == 2
    assert status["task"] == "text-classification"
    assert status["conditions"] == [
        {
            "type": "Ready",
            "status": "True",
            "reason": "Reason",
            "message": "so it is",
            "observed_revision": REVISION,
            "last_transition_time": "2026-03-04T05:06:07.890000Z",
        }
    ]


def test_a_running_run_is_in_the_status_without_its_process(web, filled):
    with filled.transaction() as session:
        run = rows.start_run(session)
        runs.report_progress(session, run.id, Progress("training", 3, 12, "", eta_seconds=4.5))

    answer = web.get(f"{API}/models/{MODEL}")

    assert answer.json()["run"]["id"] == run.id
    assert answer.json()["run"]["progress"]["ratio"] == 0.25
    assert "/secret/place" not in answer.text
    assert "4711" not in answer.text


def test_a_hold_is_in_the_status(web, filled):
    with filled.transaction() as session:
        rollbacks.roll_back(session, MODEL, to=1, reason="bad", by="dana", now=NOW)

    status = web.get(f"{API}/models/{MODEL}").json()

    assert status["live_version"] == 1
    assert (status["hold"]["version"], status["hold"]["by"]) == (1, "dana")


def test_the_list_of_models_and_each_status_say_the_same(web, filled):
    with filled.transaction() as session:
        rows.declare(session, "another")
        rows.start_run(session, "another")
        holds.place_hold(session, MODEL, version=1, reason="r", by="dana", now=NOW)

    listed = web.get(f"{API}/models").json()

    assert [status["name"] for status in listed] == ["another", MODEL]
    assert listed == [web.get(f"{API}/models/{one['name']}").json() for one in listed]


def test_versions_are_listed_with_metrics_and_intervals(web, filled):
    first, second = web.get(f"{API}/models/{MODEL}/versions").json()

    assert set(first) == VERSION_KEYS
    assert (first["number"], first["state"], first["aliases"]) == (1, "passed", ["previous"])
    assert (second["number"], second["state"], second["aliases"]) == (2, "live", ["live"])
    assert second["metrics"]["f1_macro"] == {
        "value": 0.9,
        "low": 0.87,
        "high": 0.93,
        "n": 300,
        "method": "bootstrap",
    }


def test_a_version_is_shown_with_its_evidence(web, filled):
    version = web.get(f"{API}/models/{MODEL}/versions/2").json()

    assert set(version) > VERSION_KEYS
    assert version["files"]["trueup.json"]["size_bytes"] == 512
    assert version["lineage"]["libraries"] == {"torch": "2.13.0"}
    assert version["slices"]["channel=chat"]["f1_macro"]["n"] == 80
    assert version["gates"]["passed"]
    assert version["gates"]["verdicts"][0]["verdict"] == "pass"
    assert version["report"] == {"notes": ["judged"]}


def test_a_version_that_was_never_evaluated_is_shown_too(web, filled):
    with filled.transaction() as session:
        rows.register(session, "three")

    version = web.get(f"{API}/models/{MODEL}/versions/3").json()

    assert version["state"] == "registered"
    assert (version["metrics"], version["gates"]) == ({}, None)


def test_a_number_that_is_not_finite_is_null(web, filled):
    with filled.transaction() as session:
        draft = rows.evaluation_draft(rows.register(session, "three"), value=float("nan"))
        evaluations.record_evaluation(session, draft, now=NOW)

    version = web.get(f"{API}/models/{MODEL}/versions/3").json()

    assert version["metrics"]["f1_macro"]["value"] is None


def test_a_card_is_markdown(web, filled):
    answer = web.get(f"{API}/models/{MODEL}/versions/2/card")

    assert answer.headers["content-type"] == "text/markdown; charset=utf-8"
    assert answer.text.startswith("---\nbase_model: sentence-transformers/all-MiniLM-L6-v2\n")


def test_aliases_and_their_history_are_listed(web, filled):
    aliases = web.get(f"{API}/models/{MODEL}/aliases").json()
    history = web.get(f"{API}/models/{MODEL}/aliases/live/history").json()

    assert {one["alias"]: one["version"] for one in aliases} == {"live": 2, "previous": 1}
    assert [one["version"] for one in history] == [1, 2]


def test_one_alias_is_asked_for_by_its_name(web, filled):
    found = web.get(f"{API}/models/{MODEL}/aliases/live")
    missing = web.get(f"{API}/models/{MODEL}/aliases/champion")

    assert found.json()["version"] == 2
    assert (missing.status_code, missing.json()["fix"]) == (404, "its aliases are: live, previous")


def test_a_run_is_shown_with_its_log_and_its_curve(web, filled):
    with filled.transaction() as session:
        run = rows.start_run(session)
        run_output.append_log(session, run.id, ["one", "two", "three"])
        points = [CurvePoint(1, "loss", 2.5), CurvePoint(2, "loss", float("inf"))]
        run_output.append_points(session, run.id, points)

    log = web.get(f"{API}/runs/{run.id}/log").json()
    rest = web.get(f"{API}/runs/{run.id}/log", params={"after": log[0]["sequence"]}).json()
    curve = web.get(f"{API}/runs/{run.id}/curve").json()

    assert web.get(f"{API}/runs/{run.id}").json()["state"] == "running"
    assert [line["text"] for line in rest] == ["two", "three"]
    assert [point["value"] for point in curve] == [2.5, None]
    assert [one["id"] for one in web.get(f"{API}/models/{MODEL}/runs").json()] == [run.id]


def test_events_are_read_on_from_where_a_reader_stopped(web, filled):
    with filled.transaction() as session:
        for message in ("one", "two"):
            events.record_event(session, kind="Told", message=message, model=MODEL, now=NOW)
        events.record_event(session, kind="Told", message="elsewhere", now=LATER)

    found = web.get(f"{API}/events", params={"model": MODEL}).json()
    rest = web.get(f"{API}/events", params={"after": found[0]["id"]}).json()

    assert [event["message"] for event in found] == ["one", "two"]
    assert [event["message"] for event in rest] == ["two", "elsewhere"]


def test_signals_and_sources_are_listed(web, filled):
    with filled.transaction() as session:
        signals.record_signal(session, rows.signal_draft("text", 1.2), now=NOW)
        source = SourceRecord("/srv/models.git", "main", REVISION, NOW, None, "")
        sources.record_source(session, source)

    signal = web.get(f"{API}/models/{MODEL}/signals").json()[0]

    assert (signal["detector"], signal["is_alarm"]) == ("text", True)
    assert web.get(f"{API}/sources").json()[0]["checked_at"] == "2026-03-04T05:06:07.890000Z"


def test_an_artifact_is_downloaded_by_its_digest(web, registry_artifacts):
    content = bytes(range(256)) * 9000
    blob = registry_artifacts.put_bytes(content)

    answer = web.get(f"{API}/artifacts/{blob.digest}")

    assert answer.content == content
    assert answer.headers["content-length"] == str(len(content))
    assert answer.headers["etag"] == f'"{blob.digest}"'
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    "path",
    [
        "/models/nobody",
        "/models/nobody/versions",
        "/models/nobody/aliases",
        "/models/nobody/aliases/live",
        "/models/nobody/runs",
        "/models/nobody/signals",
        f"/models/{MODEL}/versions/9",
        f"/models/{MODEL}/versions/9/card",
        "/runs/r-aaaaaaaaaa",
        "/runs/r-aaaaaaaaaa/log",
        "/runs/r-aaaaaaaaaa/curve",
        f"/artifacts/{digest_of('nothing')}",
        "/no/such/route",
    ],
)
def test_what_is_not_there_is_a_problem_with_a_status_of_404(web, filled, path):
    answer = web.get(API + path)

    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert set(answer.json()) == {"type", "title", "status", "detail", "fix"}


@pytest.mark.parametrize(
    "path",
    [
        "/models/UPPER",
        "/models/a%00b",
        "/models/" + "a" * 10_000,
        "/models/%3Cscript%3E",
        f"/models/{MODEL}/versions/0",
        f"/models/{MODEL}/versions/99999999999999999999",
        f"/models/{MODEL}/versions/two",
        f"/models/{MODEL}/runs?limit=100000",
        "/events?after=-1",
        "/events?after=99999999999999999999999",
        "/events?model=..",
        "/runs/r-1",
        "/artifacts/sha256:..%2F..%2Fetc%2Fpasswd",
        "/artifacts/..%2F..%2Fetc%2Fpasswd",
        "/artifacts/%2e%2e%2f%2e%2e%2fetc%2fpasswd",
    ],
)
def test_what_is_not_understood_is_a_problem_and_never_a_traceback(web, filled, path):
    answer = web.get(API + path)

    assert answer.status_code in {404, 422}
    assert answer.headers["content-type"] == "application/problem+json"
    assert "Traceback" not in answer.text
