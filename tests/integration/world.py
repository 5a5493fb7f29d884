"""A repository and a registry, both real, and a controller; only the jobs are scripted."""

import os
import subprocess
from datetime import UTC, datetime

from controller.catalog import read_catalog
from controller.context import Tools
from controller.fitness import LIBRARIES, Abilities
from controller.metrics import ControllerMetrics
from controller.outcomes import Waiting
from controller.reconciler import Reconciler
from controller.settings import ControllerSettings
from controller.source.publish import Publisher
from controller.source.repository import Repository
from registry.artifacts import open_artifacts
from registry.store import (
    aliases,
    conditions,
    events,
    holds,
    models,
    rollbacks,
    versions,
)
from registry.store.database import Database
from tests.fakes import ScriptedExecutor

SPEC = """\
apiVersion: trueup/v1
kind: Model
metadata: {name: intents}
spec:
  task: text-classification
  base: {model: bases/tiny}
  data: {train: data/train.csv, test: data/test.csv}
  training: {seed: 1}
  gates:
    - {metric: accuracy, min: 0.8}
  promotion: {mode: automatic, pin: null}  # the bot writes here
"""
DVC = "outs:\n- md5: {md5}\n  size: 10\n  hash: md5\n  path: {path}\n"


class World:
    """A repository, a registry and a controller that looks when it is told to."""

    def __init__(self, root) -> None:
        self.folder = root / "repo"
        self.folder.mkdir()
        self.git("init", "-q", "-b", "main")
        self.settings = ControllerSettings(home=root / "home", repo=str(self.folder))
        self.settings.home.mkdir()
        self.executor = ScriptedExecutor()
        self.abilities = Abilities(2, has_fast_bf16=False, gpus=(), libraries=frozenset(LIBRARIES))
        self.database = Database.open(self.settings.resolved_database_url)
        self.restart()
        self.write("specs/intents.yaml", SPEC)
        for name in ("config.json", "tokenizer.json", "model.safetensors"):
            self.write(f"bases/tiny/{name}", "{}")
        self.data("train", "a")
        self.data("test", "b")
        self.commit("first")

    def restart(self) -> None:
        """Forget all that a killed controller would have forgotten."""
        environment = dict(os.environ)
        repository = Repository(
            self.settings.repo, branch=None, home=self.settings.home, environment=environment
        )
        self.tools = Tools(
            settings=self.settings,
            database=self.database,
            artifacts=open_artifacts(self.settings),
            repository=repository,
            publisher=Publisher(
                repository, name="Trueup", email="t@localhost", environment=environment
            ),
            executor=self.executor,
            abilities=self.abilities,
            clock=lambda: datetime.now(UTC),
        )
        self.metrics = ControllerMetrics()
        self.reconciler = Reconciler(self.tools, self.metrics)

    def git(self, *arguments) -> str:
        identity = ["-c", "user.name=Ann", "-c", "user.email=ann@x"]
        done = subprocess.run(
            ["git", "-C", self.folder, *identity, *arguments],
            check=True,
            capture_output=True,
            text=True,
        )
        return done.stdout.strip()

    def write(self, path, text) -> None:
        (self.folder / path).parent.mkdir(parents=True, exist_ok=True)
        (self.folder / path).write_text(text)

    def data(self, split, digit) -> None:
        text = DVC.format(md5=digit * 32, path=f"{split}.csv")
        self.write(f"data/{split}.csv.dvc", text)

    def commit(self, message) -> None:
        self.git("add", "-A")
        self.git("commit", "-qm", message)

    def change(self, old, new) -> None:
        path = self.folder / "specs" / "intents.yaml"
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new))
        self.commit(f"{old} -> {new}")

    def look(self, trigger="commit", name="intents", **more):
        repository = self.tools.repository
        catalog = read_catalog(repository, repository.fetch(), specs_path="specs")
        return self.reconciler.reconcile(name, catalog, trigger=trigger, **more)

    def settle(self, trigger="commit"):
        """Look until nothing is waited for."""
        for _ in range(50):
            outcome = self.look(trigger)
            if not isinstance(outcome, Waiting):
                return outcome
        raise AssertionError(f"still {outcome}")

    def roll_back(self, to=None):
        with self.database.transaction() as session:
            return rollbacks.roll_back(
                session, "intents", to=to, reason="bad answers", by="ann", now=datetime.now(UTC)
            )

    @property
    def live(self):
        with self.database.reading() as session:
            found = aliases.find_alias(session, "intents", "live")
        return found.version if found else None

    @property
    def versions(self):
        with self.database.reading() as session:
            return [v.number for v in versions.list_versions(session, "intents")]

    @property
    def conditions(self):
        with self.database.reading() as session:
            return conditions.read_conditions(session, "intents")

    @property
    def events(self):
        with self.database.reading() as session:
            return [event.kind for event in events.list_events(session, limit=1000)]

    @property
    def hold(self):
        with self.database.reading() as session:
            return holds.find_hold(session, "intents")

    @property
    def waiting_for(self):
        with self.database.reading() as session:
            return models.get_model(session, "intents").waiting_for
