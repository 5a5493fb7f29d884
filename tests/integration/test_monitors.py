"""The monitors over a real database and a real artifact store, and as a process of their own."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from dataclasses import replace
from datetime import timedelta

import httpx
import pytest

from monitors.exporter import Exporter
from monitors.service import Service
from monitors.settings import MonitorSettings
from registry.artifacts.opening import open_artifacts
from registry.records import EvaluationDraft, VersionDraft
from registry.store.aliases import move_alias
from registry.store.database import Database
from registry.store.evaluations import record_evaluation
from registry.store.models import declare_model
from registry.store.predictions import record_observations
from registry.store.signals import latest_signals, list_signals
from registry.store.triggers import take_triggers
from registry.store.versions import list_versions, record_version
from specs.names import Digest
from tests.unit.monitors.desk import START, foreign, one_label, reference, traffic

REVISION = "main@sha1:" + "1" * 40
MONITORING = {"window": {"size": 100}, "detectors": ["text", "prediction"]}


class Desk:
    """One installation with one model, filled as the other parts would fill it."""

    def __init__(self, home):
        self.settings = MonitorSettings(
            home=home, monitor_interval_seconds=0.05, monitor_batch_size=64
        )
        home.mkdir()
        self.database = Database.open(self.settings.resolved_database_url)
        self.artifacts = open_artifacts(self.settings)
        self.sent = 0

    def declare(self, monitoring=MONITORING):
        with self.database.transaction() as session:
            declare_model(
                session,
                "desk",
                path="specs/desk.yaml",
                revision=REVISION,
                spec={"spec": {"monitoring": monitoring}},
                now=START,
            )

    def add_version(self, *, rows=300):
        """Register and evaluate a version; returns its number."""
        found = reference(rows)
        content = {
            "format": 1,
            "vocabulary": sorted(found.vocabulary),
            "rows": [{"text": row.text, "label": row.label} for row in found.rows],
        }
        blob = self.artifacts.put_bytes(json.dumps(content).encode())
        with self.database.transaction() as session:
            number = len(list_versions(session, "desk")) + 1
            version = record_version(
                session,
                VersionDraft("desk", Digest(f"sha256:{number:064}"), REVISION, "r-1", {}, {}, {}),
                now=START,
            )
            record_evaluation(
                session,
                EvaluationDraft(
                    model="desk",
                    version=version.number,
                    evaluation_digest=Digest(f"sha256:{number + 100:064}"),
                    run_id="r-2",
                    metrics={},
                    slices={},
                    report={},
                    files={"reference.json": blob},
                ),
                now=START,
            )
        return version.number

    def go_live(self, version, *, left=None, at=START):
        with self.database.transaction() as session:
            move_alias(
                session,
                "desk",
                "live",
                to=version,
                expected=left,
                by="test",
                reason="test",
                now=at,
            )

    def send(self, n, **drawn):
        version = drawn.pop("version", 1)
        stream = traffic(n, first=self.sent + 1, **drawn)
        self.sent += n
        with self.database.transaction() as session:
            record_observations(
                session, [replace(one.observation, version=version) for one in stream]
            )

    def service(self):
        return Service(
            self.database,
            self.artifacts,
            settings=self.settings,
            exporter=Exporter(),
            clock=lambda: START + timedelta(days=1),
        )

    def signals(self):
        with self.database.reading() as session:
            return list_signals(session, "desk", limit=1000)[::-1]

    def alarms(self, version=1):
        with self.database.reading() as session:
            return {s.detector for s in latest_signals(session, "desk", version) if s.is_alarm}

    def triggers(self):
        with self.database.transaction() as session:
            return [t for t in take_triggers(session) if t.kind == "data drift"]


@pytest.fixture
def desk(tmp_path):
    installation = Desk(tmp_path / "home")
    installation.declare()
    installation.add_version()
    installation.go_live(1)
    yield installation
    installation.database.close()


def test_unchanged_traffic_leaves_one_row_a_window_and_no_trigger(desk):
    service = desk.service()
    desk.send(600)

    service.look()

    assert desk.alarms() == set()
    assert desk.triggers() == []
    assert len(desk.signals()) == 3 * 6


def test_an_alarm_writes_a_signal_and_asks_for_one_look(desk):
    service = desk.service()
    desk.send(300)
    service.look()

    desk.send(150, draw=one_label)
    service.look()
    desk.send(300, draw=one_label)
    service.look()

    triggers = desk.triggers()
    assert "prediction" in desk.alarms()
    assert len(triggers) == 1
    assert triggers[0].model == "desk"
    assert triggers[0].message.startswith("prediction: label 'delivery' went from")


@pytest.mark.parametrize("pause", [30, 300, 340], ids=lambda n: f"killed after {n}")
def test_a_killed_monitor_goes_on_as_if_nothing_had_happened(desk, tmp_path, pause):
    other = Desk(tmp_path / "other")
    other.declare()
    other.add_version()
    other.go_live(1)
    steady = other.service()
    for installation in (desk, other):
        installation.send(300)
    steady.look()
    desk.service().look()

    for installation in (desk, other):
        installation.send(pause, draw=foreign)
    steady.look()
    desk.service().look()  # a new process, every time
    for installation in (desk, other):
        installation.send(700 - pause)
    steady.look()
    desk.service().look()

    told = [[(s.detector, s.is_alarm, s.n, s.cause) for s in d.signals()] for d in (desk, other)]
    assert told[0] == told[1]
    assert [t.message for t in desk.triggers()] == [t.message for t in other.triggers()]
    other.database.close()


def test_an_alarm_that_came_and_went_unseen_is_told_all_the_same(desk):
    desk.send(300)
    desk.send(100, draw=foreign)
    desk.send(1200)

    desk.service().look()

    assert desk.alarms() == set()
    assert any(signal.is_alarm for signal in desk.signals())
    assert desk.triggers()


def test_a_new_live_version_starts_with_an_empty_window(desk):
    service = desk.service()
    desk.send(200, draw=foreign)
    service.look()
    desk.triggers()
    desk.add_version()

    desk.go_live(2, left=1, at=START + timedelta(hours=6))
    desk.send(100, version=2, seed=8)
    service.look()

    assert desk.alarms(1)
    assert desk.alarms(2) == set()
    assert desk.triggers() == []


def test_a_version_that_is_live_again_is_judged_by_its_new_traffic(desk):
    service = desk.service()
    desk.send(200, draw=foreign)
    service.look()
    desk.add_version()
    desk.go_live(2, left=1, at=START + timedelta(minutes=200))
    service.look()
    assert desk.alarms(1)

    desk.go_live(1, left=2, at=START + timedelta(minutes=201))
    service.look()

    assert desk.alarms(1) == set()


def test_a_detector_that_is_no_longer_declared_leaves_no_alarm_behind(desk):
    service = desk.service()
    desk.send(200, draw=one_label)
    service.look()
    assert "prediction" in desk.alarms()

    desk.declare({"window": {"size": 100}, "detectors": ["text"]})
    service.look()

    assert desk.alarms() == set()


def test_a_small_reference_is_said_by_a_metric_and_by_no_signal(desk):
    number = desk.add_version(rows=20)
    desk.go_live(number, left=1)
    desk.send(300, version=number, draw=foreign)
    service = desk.service()

    service.look()

    values = {m.name: m.samples for m in service._exporter.collect()}
    assert values["trueup_monitor_reference_rows"][0].value == 20
    assert values["trueup_data_drift_alarm"] == []
    assert desk.signals() == []


def test_a_corrupt_reference_shows_as_failing_and_raises_no_alarm(desk):
    for path in (desk.settings.home / "artifacts").rglob("*"):
        if path.is_file():
            path.chmod(0o600)
            path.write_bytes(b"not what it was")
    desk.send(300)
    service = desk.service()

    service.look()

    values = {m.name: m.samples for m in service._exporter.collect()}
    assert values["trueup_monitor_failing"][0].value == 1
    assert desk.signals() == []


def test_the_loop_runs_until_it_is_stopped_and_says_when_it_is_ready(desk):
    service = desk.service()
    assert service.problem() == "no pass was made yet"
    loop = threading.Thread(target=service.run)

    loop.start()
    desk.send(400, draw=one_label)
    until(lambda: "prediction" in desk.alarms())
    service.stop()
    loop.join(timeout=5)

    assert not loop.is_alive()
    assert service.problem() is None


def until(holds, *, seconds=20):
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.02)


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def start_process(desk, port):
    return subprocess.Popen(
        [sys.executable, "-m", "monitors"],
        env=os.environ
        | {
            "TRUEUP_HOME": str(desk.settings.home),
            "TRUEUP_MONITOR_PORT": str(port),
            "TRUEUP_MONITOR_INTERVAL_SECONDS": "0.05",
        },
        stderr=subprocess.PIPE,
        text=True,
    )


def answers(url):
    try:
        return httpx.get(url).status_code == 200
    except httpx.HTTPError:
        return False


def test_the_process_exports_the_alarm_and_leaves_cleanly(desk):
    port = free_port()
    desk.send(250, draw=one_label)
    process = start_process(desk, port)
    address = f"http://127.0.0.1:{port}"
    try:
        until(lambda: answers(f"{address}/readyz"))
        until(lambda: "prediction" in desk.alarms())
        until(lambda: 'window_requests{model="desk"' in httpx.get(f"{address}/metrics").text)
        metrics = httpx.get(f"{address}/metrics").text
    finally:
        process.send_signal(signal.SIGTERM)
        _, said = process.communicate(timeout=10)

    assert 'trueup_data_drift_alarm{detector="prediction",model="desk",version="1"} 1.0' in metrics
    assert process.returncode == 0, said
    assert "Traceback" not in said


def test_a_port_in_use_is_one_clear_line(desk):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        process = start_process(desk, taken.getsockname()[1])
        _, said = process.communicate(timeout=20)

    assert process.returncode == 1
    assert "Traceback" not in said
    assert "monitor_port" in said.lower()
