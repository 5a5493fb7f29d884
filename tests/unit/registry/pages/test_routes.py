from dataclasses import replace
from html.parser import HTMLParser

import pytest

from registry.records import Progress, SourceRecord
from registry.store import (
    conditions,
    events,
    models,
    predictions,
    rollbacks,
    run_output,
    runs,
    signals,
    sources,
    versions,
)
from specs.conditions import ConditionStatus, ConditionType
from tests.contract import rows
from tests.contract.rows import MODEL, NOW, REVISION

VOID = {"meta", "link", "line", "rect", "path", "circle", "polyline", "input", "br", "!doctype"}


class Page(HTMLParser):
    """What a test wants to know of a page: its text, tags that were opened, and attributes."""

    def __init__(self, html):
        super().__init__()
        self.text, self.open, self.attributes, self.ids = "", [], [], []
        self.feed(html)
        self.text = " ".join(self.text.split())

    def handle_starttag(self, tag, attrs):
        self.attributes += [(tag, name, value) for name, value in attrs]
        self.ids += [value for name, value in attrs if name == "id"]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.attributes += [(tag, name, value) for name, value in attrs]

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += " " + data


@pytest.fixture
def look(web):
    def look(path, status=200):
        answer = web.get(path)
        assert answer.status_code == status
        assert answer.headers["content-type"] == "text/html; charset=utf-8"
        return Page(answer.text)

    return look


@pytest.fixture
def full(registry_database):
    """One model with everything that a page can show."""
    with registry_database.transaction() as session:
        rows.two_versions(session)
        run = rows.start_run(session)
        runs.report_progress(session, run.id, Progress("training", 30, 120, "", eta_seconds=90))
        run_output.append_log(session, run.id, ["loss 0.5 & falling"])
        ready = rows.condition(ConditionType.READY, ConditionStatus.TRUE)
        drifted = rows.condition(ConditionType.DATA_DRIFT_DETECTED, ConditionStatus.TRUE)
        conditions.write_conditions(session, MODEL, [ready, drifted])
        signals.record_signal(session, rows.signal_draft("text", 1.32, version=2), now=NOW)
        predictions.record_observations(session, [rows.observation("x", version=2)] * 3)
        events.record_event(session, kind="Promoted", message="version 2", model=MODEL, now=NOW)
        models.set_waiting_for(session, MODEL, "train run, 25 %")
        source = SourceRecord("/srv/models.git", "main", REVISION, NOW, None, "")
        sources.record_source(session, source)
    return registry_database


def test_without_a_model_the_page_says_what_to_do(look):
    page = look("/")

    assert "No model is declared yet" in page.text
    assert "trueup init my-models" in page.text


def test_the_overview_shows_each_model_at_a_glance(look, full):
    page = look("/")

    for said in (MODEL, "Ready", "v2", "main@a1b2c3d", "Waits for train run, 25 %", "Data drift"):
        assert said in page.text
    assert ("progress", "value", "30") in page.attributes
    assert ("a", "href", f"/models/{MODEL}") in page.attributes
    assert "/srv/models.git" in page.text


def test_the_model_page_shows_desired_and_observed(look, full):
    page = look(f"/models/{MODEL}")

    assert "specs/support-intents.yaml" in page.text
    assert "sentence-transformers/all-MiniLM-L6-v2" in page.text
    assert "3 requests captured" in page.text
    assert "step 30 of 120 25 %, about 2 min left" in page.text
    assert "loss 0.5 & falling" in page.text
    assert "0.900 0.870\N{EN DASH}0.930" in page.text
    assert "1.32 alarm" in page.text
    assert "f1_macro 0.900, at least 0.85" in page.text
    assert f'trueup rollback {MODEL} --to 1 --reason "WHY"' in page.text


def test_the_plot_tells_a_screen_reader_its_values(look, full):
    page = look(f"/models/{MODEL}")

    labels = [value for tag, name, value in page.attributes if (tag, name) == ("svg", "aria-label")]
    assert any("version 2 (live): 0.900" in label for label in labels)


def test_after_a_rollback_the_way_out_is_a_release(look, full):
    with full.transaction() as session:
        rollbacks.roll_back(session, MODEL, to=None, reason="bad answers", by="dana", now=NOW)

    page = look(f"/models/{MODEL}")

    assert "Held at v1" in page.text
    assert "by dana : bad answers" in page.text.replace("dana:", "dana :")
    assert f'trueup release {MODEL} --reason "WHY"' in page.text
    assert "trueup rollback" not in page.text


def test_a_model_that_was_just_declared_has_a_page(look, registry_database):
    with registry_database.transaction() as session:
        models.declare_model(
            session, "new", path="specs/new.yaml", revision=None, spec=None, now=NOW
        )

    page = look("/models/new")

    assert "no valid spec was ever committed" in page.text
    assert "No version yet" in page.text


def test_a_version_without_evidence_is_a_row(look, full):
    with full.transaction() as session:
        rows.register(session, "three")

    assert "v3 registered" in look(f"/models/{MODEL}").text


def test_the_newest_version_shows_its_planned_and_actual_cost(look, full):
    figure = {"value": 60.0, "low": 40.0, "high": 90.0, "basis": "3 earlier runs on this machine"}
    measured = {"planned": {"figures": {"seconds": figure}}, "run_seconds": 75.0, "steps": 40}
    with full.transaction() as session:
        draft = replace(rows.version_draft("three"), training=measured)
        versions.record_version(session, draft, now=NOW)

    page = " ".join(look(f"/models/{MODEL}").text.split())

    assert "Cost of v3 planned and actual" in page
    said = "time 1 min 0 s 40 s\N{EN DASH}1 min 30 s 1 min 15 s 0.80 3 earlier runs on this machine"
    assert said in page
    assert "steps - 40 \N{EN DASH} not planned" in page


def test_an_unknown_model_is_a_page_that_helps(look, full):
    page = look("/models/suport-intents", status=404)

    assert f"did you mean {MODEL}?" in page.text


def test_markup_in_names_and_messages_is_text(look, full):
    with full.transaction() as session:
        models.set_waiting_for(session, MODEL, "<script>alert(1)</script>")
        events.record_event(session, kind="<b>", message="<img src=x>", model=MODEL, now=NOW)

    page = look(f"/models/{MODEL}")

    assert "<script>alert(1)</script>" in page.text
    assert "<img src=x>" in page.text
    assert not [tag for tag, _, _ in page.attributes if tag == "img"]


@pytest.mark.parametrize("path", ["/", f"/models/{MODEL}", "/models/nobody"])
def test_a_page_keeps_to_its_own_security_policy(look, full, path):
    page = look(path, status=404 if path.endswith("nobody") else 200)

    assert not [one for one in page.attributes if one[1] == "style" or one[1].startswith("on")]
    sources = [value for tag, name, value in page.attributes if name == "src"]
    assert [source.partition("?")[0] for source in sources] == ["/static/live.js"]


@pytest.mark.parametrize("path", ["/", f"/models/{MODEL}"])
def test_a_page_is_well_formed_and_its_ids_are_its_own(look, full, path):
    page = look(path)

    assert page.open == []
    assert len(page.ids) == len(set(page.ids))


@pytest.mark.parametrize("name", ["trueup.css", "live.js", "mark.svg"])
def test_static_files_are_served(web, name):
    assert web.get(f"/static/{name}").status_code == 200


@pytest.mark.parametrize("path", ["/static/../routes.py", "/static/%2e%2e/routes.py", "/static/"])
def test_nothing_else_is_served_as_static(web, path):
    assert web.get(path).status_code in {404, 405}


def test_sections_that_come_and_go_are_always_there(look, full, registry_database):
    with registry_database.transaction() as session:
        rows.declare(session, "empty")

    one, other = (
        [value for _, name, value in look(f"/models/{model}").attributes if name == "id"]
        for model in (MODEL, "empty")
    )

    live = ["head", "run", "states", "plots", "versions", "gates", "conditions", "undo", "events"]
    assert [name for name in one if name in live] == live
    assert [name for name in other if name in live] == live
