import pytest

from registry.records import Verdict
from registry.store import aliases, events, holds, models, triggers
from tests.contract import rows
from tests.contract.rows import MODEL

API = "/api/v1"
WHY = {"reason": "bad answers", "by": "dana"}


@pytest.fixture
def filled(registry_database):
    with registry_database.transaction() as session:
        rows.two_versions(session)
        rows.judged(session, "failed", verdict=Verdict.FAIL)
    return registry_database


def live(database):
    with database.reading() as session:
        return aliases.find_alias(session, MODEL, "live").version


def act(web, action, body, **arguments):
    return web.post(f"{API}/models/{MODEL}/{action}", json=body, **arguments)


def test_a_rollback_goes_to_the_version_before(web, filled):
    answer = act(web, "rollback", WHY)

    assert answer.status_code == 200
    assert {key: answer.json()[key] for key in ("left", "to")} == {"left": 2, "to": 1}
    assert answer.json()["hold"]["reason"] == "bad answers"
    assert live(filled) == 1


def test_a_rollback_goes_to_the_version_that_is_named(web, filled):
    act(web, "rollback", WHY)

    answer = act(web, "rollback", WHY | {"to": 2})

    assert answer.status_code == 200
    assert live(filled) == 2


@pytest.mark.parametrize(
    ("to", "status"), [(2, 409), (3, 409), (9, 404)], ids=["live", "never passed", "missing"]
)
def test_a_rollback_that_must_not_be_is_a_problem_with_a_fix(web, filled, to, status):
    answer = act(web, "rollback", WHY | {"to": to})

    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["fix"]
    assert live(filled) == 2


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"reason": "", "by": "dana"},
        {"reason": "   ", "by": "dana"},
        {"reason": "r"},
        WHY | {"to": 0},
        WHY | {"to": "1; DROP TABLE aliases"},
        WHY | {"force": True},
        [],
        "text",
    ],
)
def test_a_rollback_without_a_reason_or_a_person_is_not_understood(web, filled, body):
    answer = act(web, "rollback", body)

    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert live(filled) == 2


def test_a_reconcile_leaves_a_trigger(web, filled):
    answer = web.post(f"{API}/models/{MODEL}/reconcile")

    assert answer.status_code == 202
    with filled.transaction() as session:
        taken = triggers.take_triggers(session)
    assert [(one.model, one.kind) for one in taken] == [(MODEL, "manual")]


def test_a_reconcile_of_nobody_is_a_problem(web, filled):
    assert web.post(f"{API}/models/nobody/reconcile").status_code == 404


def test_a_release_ends_the_hold_and_asks_for_a_look(web, filled):
    act(web, "rollback", WHY)

    answer = act(web, "release", WHY)

    assert answer.json()["released_at"] is not None
    with filled.reading() as session:
        assert holds.find_hold(session, MODEL) is None
        assert events.list_events(session)[-1].kind == "HoldReleased"
        assert triggers.has_triggers(session)


def test_a_release_without_a_hold_is_a_problem(web, filled):
    answer = act(web, "release", WHY)

    assert (answer.status_code, answer.json()["title"]) == (409, "Conflict")


def test_a_page_of_another_site_cannot_act(web, filled):
    answer = act(web, "rollback", WHY, headers={"Origin": "https://evil.example"})

    assert answer.status_code == 403
    assert answer.headers["content-type"] == "application/problem+json"
    assert live(filled) == 2


def test_a_page_of_this_server_can_act(web, filled):
    assert act(web, "rollback", WHY, headers={"Origin": "http://testserver"}).status_code == 200


def test_a_form_of_another_site_is_not_read_as_json(web, filled):
    answer = web.post(
        f"{API}/models/{MODEL}/rollback",
        content='{"reason": "r", "by": "b"}',
        headers={"Content-Type": "text/plain"},
    )

    assert answer.status_code == 422
    assert live(filled) == 2


def test_reads_and_writes_of_other_kinds_are_refused(web, filled):
    for method in ("PUT", "PATCH", "DELETE"):
        answer = web.request(method, f"{API}/models/{MODEL}")

        assert answer.status_code == 405
        assert answer.headers["content-type"] == "application/problem+json"


def test_the_database_that_is_gone_is_a_problem_without_a_traceback(web, filled, registry_settings):
    filled.close()
    (registry_settings.home / "registry.db").write_bytes(b"not a database" * 100)

    answer = web.get(f"{API}/models")

    assert answer.status_code == 503
    assert answer.headers["content-type"] == "application/problem+json"
    assert "Traceback" not in answer.text
    assert str(registry_settings.home) not in answer.text
    assert web.get("/readyz").status_code == 503
    assert web.get("/healthz").status_code == 200


def test_what_a_model_waits_for_is_answered_as_it_was_written(web, filled):
    said = 'a commit: <b>"data/train.csv"</b> ✓'
    with filled.transaction() as session:
        models.set_waiting_for(session, MODEL, said)

    assert web.get(f"{API}/models/{MODEL}").json()["waiting_for"] == said
