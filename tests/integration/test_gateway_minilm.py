"""The gateway's real process over the real base: torch, transformers, tokenizers, HTTP."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from registry.artifacts import open_artifacts
from registry.artifacts.folders import put_folder
from registry.bases import ResolvedBase, resolve_base
from registry.records import VersionDraft
from registry.settings import Settings
from registry.store.aliases import move_alias
from registry.store.database import Database
from registry.store.models import declare_model
from registry.store.predictions import read_observations
from registry.store.versions import record_version
from specs.digest import digest_of
from specs.names import LIVE, Revision

pytestmark = pytest.mark.torch

BASE = "sentence-transformers/all-MiniLM-L6-v2"
REVISION = Revision(f"main@sha1:{'b' * 40}")
EXAMPLES = {
    "billing": ["my invoice is wrong", "I was charged twice", "please refund the payment"],
    "shipping": ["where is my parcel", "the delivery is late", "the package never arrived"],
}


def test_a_version_over_the_real_base_goes_live_is_rolled_back_and_everything_is_captured(tmp_path):
    settings = Settings(home=tmp_path / "home", gateway_port=_free_port(), offline=True)
    settings.home.mkdir()
    database = Database.open(settings.resolved_database_url)
    with database.transaction() as session:
        declare_model(
            session, "mail", path="specs/mail.yaml", revision=REVISION, spec={}, now=_now()
        )
    base = resolve_base(BASE, None, repo_folder=None, settings=settings)
    # The second version has its labels the wrong way round: a mistake worth a rollback.
    right = _record(settings, database, _version_folder(tmp_path / "1", base, EXAMPLES))
    swapped = dict(zip(EXAMPLES, reversed(EXAMPLES.values()), strict=True))
    wrong = _record(settings, database, _version_folder(tmp_path / "2", base, swapped))
    process = subprocess.Popen(
        [sys.executable, "-m", "registry.serving"], env=_environment(settings)
    )
    try:
        _move_live(database, to=right, expected=None)
        first = _answer_of(settings, version=right, seconds=60)
        _move_live(database, to=wrong, expected=right)
        second = _answer_of(settings, version=wrong, seconds=10)
        _move_live(database, to=right, expected=wrong)
        moved = time.monotonic()
        third = _answer_of(settings, version=right, seconds=10)
        took = time.monotonic() - moved
    finally:
        process.send_signal(signal.SIGTERM)
        code = process.wait(timeout=30)

    assert [one["label"] for one in first["predictions"]] == ["billing", "shipping"]
    assert sum(first["predictions"][0]["scores"].values()) == pytest.approx(1, abs=1e-4)
    assert [one["label"] for one in second["predictions"]] == ["shipping", "billing"]
    assert third["predictions"][0]["scores"] == first["predictions"][0]["scores"]
    assert took < 1.0
    assert code == 0
    with database.reading() as session:
        captured = read_observations(session, "mail", wrong, after=0, limit=10)
    database.close()
    assert [one.observation.label for one in captured][:2] == ["shipping", "billing"]


def _version_folder(folder: Path, base: ResolvedBase, examples: dict[str, list[str]]) -> Path:
    """A linear probe without a fit: each label's weights are the mean of its examples."""
    import torch
    from safetensors.torch import save_file

    from registry.serving.classifier import load_classifier

    folder.mkdir()
    shutil.copy(base.folder / "tokenizer.json", folder)
    manifest = {"format": 1, "task": "text-classification", "method": "linear-probe"}
    manifest |= {"base": {"model": base.model, "revision": base.revision}, "pooling": "mean"}
    manifest |= {"max_length": 64, "labels": list(examples), "temperature": 1.0}
    (folder / "trueup.json").write_text(json.dumps(manifest))
    head = {"weight": torch.zeros(len(examples), 384), "bias": torch.zeros(len(examples))}
    save_file(head, folder / "head.safetensors")
    embed = load_classifier(folder, base.folder).predict
    means = [torch.tensor(embed(texts).embeddings.mean(axis=0)) for texts in examples.values()]
    head["weight"] = torch.stack(means) * 5
    save_file(head, folder / "head.safetensors")
    return folder


def _record(settings: Settings, database: Database, folder: Path) -> int:
    draft = VersionDraft(
        model="mail",
        training_digest=digest_of(str(folder)),
        revision=REVISION,
        run_id="r-0000000000",
        files=put_folder(open_artifacts(settings), folder),
        lineage={},
        training={},
    )
    with database.transaction() as session:
        return record_version(session, draft, now=_now()).number


def _move_live(database: Database, *, to: int, expected: int | None) -> None:
    with database.transaction() as session:
        move_alias(
            session,
            "mail",
            LIVE,
            to=to,
            expected=expected,
            by="test",
            reason="a test moves it",
            now=_now(),
        )


def _answer_of(settings: Settings, *, version: int, seconds: float) -> dict:
    """Ask until ``version`` answers."""
    url = f"http://127.0.0.1:{settings.gateway_port}/v1/models/mail:predict"
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            answer = httpx.post(url, json={"texts": ["refund my invoice", "my parcel is late"]})
        except httpx.TransportError:
            time.sleep(0.1)
            continue
        if answer.headers.get("X-Trueup-Version") == str(version):
            return answer.json()
        time.sleep(0.02)
    pytest.fail(f"version {version} did not answer within {seconds} s")


def _environment(settings: Settings) -> dict[str, str]:
    own = {"TRUEUP_HOME": str(settings.home), "TRUEUP_GATEWAY_PORT": str(settings.gateway_port)}
    return {**os.environ, **own, "TRUEUP_OFFLINE": "true", "OMP_NUM_THREADS": "1"}


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return free.getsockname()[1]


def _now() -> datetime:
    return datetime.now(UTC)
