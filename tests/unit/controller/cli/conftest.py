"""The command line against the real API over a real database, in this process."""

import shutil
import threading
from datetime import UTC, datetime, timedelta

import pytest
from typer.testing import CliRunner

from controller.cli.main import app
from controller.cli.output import console
from registry.app import build_app
from registry.artifacts import open_artifacts
from registry.records import (
    Estimate,
    EvaluationDraft,
    GateReport,
    GateVerdict,
    Progress,
    RunKind,
    RunState,
    Verdict,
    VersionDraft,
)
from registry.server import listen, make_server
from registry.settings import Settings
from registry.store.aliases import move_alias
from registry.store.conditions import write_conditions
from registry.store.database import Database
from registry.store.evaluations import record_evaluation
from registry.store.events import record_event
from registry.store.models import declare_model, set_waiting_for
from registry.store.run_output import append_log
from registry.store.runs import finish_run, report_progress, start_run
from registry.store.verdicts import record_gate_report
from registry.store.versions import record_version
from specs.conditions import Condition, ConditionStatus, ConditionType
from specs.digest import digest_of
from specs.names import revision

COMMIT = "abc1234" + "0" * 33
REVISION = revision("main", COMMIT)
START = datetime(2026, 5, 1, 12, tzinfo=UTC)
MODEL = "support-intents"


class World:
    """What the registry holds, in the words of a test."""

    def __init__(self, database):
        self.database = database
        self.now = START

    def write(self, function, *arguments, **keywords):
        self.now += timedelta(seconds=1)
        with self.database.transaction() as session:
            return function(session, *arguments, **keywords)

    def declare(self, waiting_for=""):
        spec = {"spec": {"task": "text-classification"}}
        path = f"specs/{MODEL}.yaml"
        self.write(declare_model, MODEL, path=path, revision=REVISION, spec=spec, now=self.now)
        self.write(set_waiting_for, MODEL, waiting_for)

    def set_conditions(self, **statuses):
        found = [
            Condition(
                ConditionType(name), ConditionStatus(status), f"Because{name}", "as it is",
                REVISION, self.now,
            )
            for name, status in statuses.items()
        ]  # fmt: skip
        self.write(write_conditions, MODEL, found)

    def run(self, kind=RunKind.TRAIN):
        digest = digest_of(str(self.now))
        run = self.write(
            start_run, model=MODEL, kind=kind, digest=digest, revision=REVISION,
            trigger="commit", job={}, now=self.now,
        )  # fmt: skip
        return run.id

    def progress(self, run, ratio):
        now = Progress("training", round(ratio * 100), 100, eta_seconds=31.5)
        self.write(report_progress, run, now)

    def finish(self, run):
        self.write(finish_run, run, state=RunState.SUCCEEDED, result={}, now=self.now)

    def log(self, run, *lines):
        self.write(append_log, run, lines)

    def version(self, f1=0.9, verdict=Verdict.PASS, training=None, *, studied=None, changed=False):
        run = self.run()
        self.finish(run)
        draft = VersionDraft(
            MODEL, digest_of(run), REVISION, run, {}, {"base": {"model": "tiny"}}, training or {}
        )
        number = self.write(record_version, draft, now=self.now).number
        estimate = Estimate(f1, f1 - 0.05, f1 + 0.05, 400, "bootstrap")
        metrics, slices = {"f1_macro": estimate}, {"channel=email": {"f1_macro": estimate}}
        metrics |= dict.fromkeys((studied or {}).get("metrics", ()), estimate)
        told = (studied or {}).get("report", {})
        evaluation = EvaluationDraft(
            MODEL, number, digest_of(f"e{run}"), run, metrics, slices, told, {},
            test_digest="md5:held-out",
        )  # fmt: skip
        self.write(record_evaluation, evaluation, now=self.now)
        gate = {"metric": "f1_macro", "min": 0.8}
        message = f"f1_macro is at least {f1 - 0.05:.2f}, needed 0.80"
        verdicts = (GateVerdict(gate, None, verdict, True, estimate, 0.8, message),)
        report = GateReport(
            MODEL, number, digest_of("gates"), evaluation.evaluation_digest, None,
            verdict is Verdict.PASS, verdicts, self.now,
            gates_changed_after_training=changed,
        )  # fmt: skip
        self.write(record_gate_report, report)
        return number

    def go_live(self, number, expected=None):
        self.write(
            move_alias, MODEL, "live", to=number, expected=expected, by="controller",
            reason="its gates passed", now=self.now,
        )  # fmt: skip

    def event(self, message):
        self.write(record_event, kind="Promoted", message=message, model=MODEL, now=self.now)


@pytest.fixture(scope="session")
def migrated(tmp_path_factory):
    """An empty database with its tables: migrating costs more than most tests."""
    path = tmp_path_factory.mktemp("migrated") / "registry.db"
    Database.open(f"sqlite:///{path}").close()
    return path


@pytest.fixture
def world(migrated, tmp_path):
    shutil.copy(migrated, tmp_path / "registry.db")
    database = Database.open(f"sqlite:///{tmp_path}/registry.db")
    yield World(database)
    database.close()


@pytest.fixture
def api_url(world, tmp_path):
    settings = Settings(home=tmp_path)
    listener = listen("127.0.0.1", 0)
    server = make_server(build_app(settings, world.database, open_artifacts(settings)))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    server.should_exit = True
    thread.join()
    listener.close()


@pytest.fixture
def invoke(monkeypatch, tmp_path):
    """Run a command as a shell would; its output is not cut at any width but 80."""
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.chdir(tmp_path)

    def run(*arguments, **environment):
        console.cache_clear()
        return CliRunner().invoke(app, list(arguments), env=environment)

    return run


@pytest.fixture
def trueup(invoke, api_url):
    """Run a command that finds the API."""
    return lambda *arguments: invoke(*arguments, TRUEUP_API_URL=api_url)
