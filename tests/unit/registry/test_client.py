import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from registry.app import build_app
from registry.client import ApiError, ApiUnreachableError, Client
from registry.records import CurvePoint, SourceRecord
from registry.server import listen, make_server
from registry.store import events, run_output, signals, sources
from tests.contract import rows
from tests.contract.rows import MODEL, NOW, REVISION


class Foreign(BaseHTTPRequestHandler):
    """Some other server that happens to listen there."""

    status = 200

    def do_GET(self):
        self.send_response(self.status)
        self.end_headers()
        self.wfile.write(b"<html>not the API</html>")

    def log_message(self, *_):
        pass


@pytest.fixture
def foreign() -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), Foreign)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def api(registry_settings, registry_database, registry_artifacts) -> Iterator[Client]:
    """A client of the real application behind a real socket."""
    with registry_database.transaction() as session:
        rows.two_versions(session)
    listener = listen("127.0.0.1", 0)
    server = make_server(build_app(registry_settings, registry_database, registry_artifacts))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    with Client(f"http://127.0.0.1:{listener.getsockname()[1]}/") as client:
        yield client
    server.should_exit = True
    thread.join()


def test_every_read_is_one_method(api, registry_database):
    with registry_database.transaction() as session:
        run = rows.start_run(session)
        run_output.append_log(session, run.id, ["one"])
        run_output.append_points(session, run.id, [CurvePoint(1, "loss", 2.0)])
        events.record_event(session, kind="Told", message="x", model=MODEL, now=NOW)
        signals.record_signal(session, rows.signal_draft("text", 0.2), now=NOW)
        source = SourceRecord("/srv/models.git", "main", REVISION, NOW, None, "")
        sources.record_source(session, source)

    assert [one["name"] for one in api.list_models()] == [MODEL]
    assert api.get_model(MODEL)["live_version"] == 2
    assert [one["number"] for one in api.list_versions(MODEL)] == [1, 2]
    assert api.get_version(MODEL, 2)["state"] == "live"
    assert api.read_card(MODEL, 2).startswith("---\n")
    assert api.read_card_document(MODEL, 2)["sections"]["metrics"]["has_evidence"]
    assert {one["alias"] for one in api.list_aliases(MODEL)} == {"live", "previous"}
    assert [one["id"] for one in api.list_runs(MODEL)] == [run.id]
    assert api.get_run(run.id)["state"] == "running"
    assert [one["text"] for one in api.read_log(run.id)] == ["one"]
    assert api.read_curve(run.id) == [{"step": 1, "name": "loss", "value": 2.0}]
    assert [one["kind"] for one in api.list_events(model=MODEL)] == ["Told"]
    assert [one["detector"] for one in api.list_signals(MODEL)] == ["text"]
    assert [one["branch"] for one in api.list_sources()] == ["main"]


def test_every_action_is_one_method(api):
    rolled = api.roll_back(MODEL, to=None, reason="bad answers", by="dana")
    released = api.release(MODEL, reason="fixed", by="dana")
    asked = api.reconcile(MODEL, message="look")

    assert (rolled["left"], rolled["to"]) == (2, 1)
    assert released["released_at"]
    assert (asked["kind"], asked["message"]) == ("manual", "look")


def test_a_problem_arrives_with_its_fields(api):
    with pytest.raises(ApiError) as caught:
        api.get_model("suport-intents")

    assert caught.value.status == 404
    assert str(caught.value) == "there is no model 'suport-intents'"
    assert caught.value.fix == f"did you mean {MODEL}?"


def test_a_name_never_reaches_another_route(api):
    with pytest.raises(ApiError) as caught:
        api.get_model(f"{MODEL}/versions")

    assert caught.value.status in {404, 422}


def test_an_address_where_nobody_answers_is_said_with_the_fix():
    listener = listen("127.0.0.1", 0)
    port = listener.getsockname()[1]
    listener.close()

    with Client(f"http://127.0.0.1:{port}") as client, pytest.raises(ApiUnreachableError) as caught:
        client.list_models()

    assert "trueup up" in caught.value.fix


@pytest.mark.parametrize("url", ["http://[", "nonsense", "http://127.0.0.1:99999"])
def test_an_address_that_is_none_is_said_with_the_fix(url):
    def ask():
        with Client(url) as client:
            client.list_models()

    with pytest.raises(ApiUnreachableError) as caught:
        ask()

    assert caught.value.fix


def test_another_server_is_not_taken_for_the_api(foreign):
    with Client(foreign) as client, pytest.raises(ApiUnreachableError, match="not the API"):
        client.list_models()


def test_another_servers_error_is_an_error(foreign, monkeypatch):
    monkeypatch.setattr(Foreign, "status", 502)

    with Client(foreign) as client, pytest.raises(ApiError) as caught:
        client.list_models()

    assert caught.value.status == 502
