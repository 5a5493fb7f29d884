"""A gateway to try things on: a real store and real artifacts under it, a fake model in it."""

import json
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from registry.artifacts import open_artifacts
from registry.artifacts.folders import put_folder
from registry.records import VersionDraft
from registry.serving.engine import Classified
from registry.settings import Settings
from registry.store.aliases import find_alias, move_alias
from registry.store.database import Database
from registry.store.models import declare_model
from registry.store.predictions import read_observations
from registry.store.versions import record_version
from specs.digest import digest_of
from specs.names import LIVE, Revision

REVISION = Revision(f"main@sha1:{'a' * 40}")
MODEL = "intents"


class EchoModel:
    """Answers every text with the label its version was made with."""

    def __init__(self, label: str) -> None:
        self.labels = (label, "other")

    def predict(self, texts):
        # A pass takes a while, so that requests are in flight when the alias moves.
        time.sleep(0.002)
        label = self.labels[0]
        return [Classified(label, 0.75, {label: 0.75, "other": 0.25}) for _ in texts]


class FolderEngine:
    """Loads what the version's folder says; a version may say that it is broken."""

    def load(self, folder: Path) -> EchoModel:
        said = json.loads((folder / "trueup.json").read_text())
        if said.get("is_broken"):
            raise ValueError("the head does not fit the base")
        return EchoModel(said["label"])


@dataclass
class Gateway:
    """A running gateway and the registry it follows."""

    settings: Settings
    database: Database
    url: str = ""
    folders: Iterator[int] = field(default_factory=lambda: iter(range(1000)))

    def add_version(self, model: str = MODEL, **said: object) -> int:
        folder = self.settings.home / f"made-{next(self.folders)}"
        folder.mkdir(parents=True)
        (folder / "trueup.json").write_text(json.dumps(said))
        draft = VersionDraft(
            model=model,
            training_digest=digest_of([model, said, folder.name]),
            revision=REVISION,
            run_id="r-0000000000",
            files=put_folder(open_artifacts(self.settings), folder),
            lineage={},
            training={},
        )
        with self.database.transaction() as session:
            return record_version(session, draft, now=datetime.now(UTC)).number

    def declare(self, model: str = MODEL, **serving: object) -> None:
        with self.database.transaction() as session:
            spec = {"kind": "Model", "spec": {"serving": serving}}
            declare_model(
                session,
                model,
                path=f"specs/{model}.yaml",
                revision=REVISION,
                spec=spec,
                now=datetime.now(UTC),
            )

    def move_live(self, to: int, model: str = MODEL) -> None:
        with self.database.transaction() as session:
            found = find_alias(session, model, LIVE)
            move_alias(
                session,
                model,
                LIVE,
                to=to,
                expected=found.version if found else None,
                by="test",
                reason="a test moves it",
                now=datetime.now(UTC),
            )

    def predict(self, *texts: str, model: str = MODEL) -> httpx.Response:
        return httpx.post(f"{self.url}/v1/models/{model}:predict", json={"texts": list(texts)})

    def wait_until_answered_by(self, version: int, model: str = MODEL, seconds: float = 5) -> float:
        """Seconds it took."""
        started = time.monotonic()
        while time.monotonic() - started < seconds:
            if self.predict("hello", model=model).headers.get("X-Trueup-Version") == str(version):
                return time.monotonic() - started
            time.sleep(0.01)
        pytest.fail(f"version {version} did not answer within {seconds} s")


def environment(home: Path, port: int) -> dict[str, str]:
    own = {"TRUEUP_HOME": str(home), "TRUEUP_GATEWAY_PORT": str(port), "OMP_NUM_THREADS": "1"}
    return {**os.environ, **own}


def status(url: str) -> int:
    try:
        return httpx.get(url).status_code
    except httpx.TransportError:
        return 0


def wait_until(holds, seconds: float = 5) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if holds():
            return True
        time.sleep(0.02)
    return False


def captured(gateway: Gateway, version: int):
    with gateway.database.reading() as session:
        stored = read_observations(session, MODEL, version, after=0, limit=1000)
    return {one.observation.request_id: one.observation for one in stored}
