"""A search over two bases by the real controller and real jobs, killed in its middle."""

import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from registry.bases import resolve_base
from registry.records import RunKind, RunState
from registry.settings import Settings
from registry.store import runs, trials, versions
from registry.store.database import Database
from registry.trial_records import TrialState
from tests.e2e.installation import MODEL, Installation, free_ports

pytestmark = [pytest.mark.e2e, pytest.mark.torch, pytest.mark.dvc]
pytest.importorskip("optuna")

MINILM = "sentence-transformers/all-MiniLM-L6-v2"
SEARCH = """method: lora
    search:
      trials: 3
      parameters:
        method: {choices: [linear-probe, lora]}
        learning_rate: {low: 1e-3, high: 1e-2, log: true}"""


def write_tiny_base(folder: Path) -> None:
    """A BERT that was never trained, with MiniLM's tokenizer."""
    import torch
    from transformers import BertConfig, BertModel

    torch.manual_seed(1)
    size = {"hidden_size": 32, "intermediate_size": 64}
    config = BertConfig(num_hidden_layers=1, num_attention_heads=2, **size)
    BertModel(config).save_pretrained(folder)
    source = resolve_base(MINILM, None, repo_folder=None, settings=Settings(offline=True)).folder
    for name in ("tokenizer.json", "tokenizer_config.json", "vocab.txt", "special_tokens_map.json"):
        if (source / name).is_file():
            shutil.copy(source / name, folder)


class Controlled(Installation):
    """An installation of which only the controller runs."""

    controller: subprocess.Popen | None = None

    def start(self) -> None:
        log = (self.root / "up.log").open("ab")
        environment = self.environment | {"TRUEUP_CONTROLLER_PORT": str(self.ports["controller"])}
        self.controller = subprocess.Popen(
            [sys.executable, "-m", "controller"], env=environment, stdout=log, stderr=log
        )
        log.close()

    def end(self, number: signal.Signals) -> None:
        self.controller.send_signal(number)
        self.controller.wait(timeout=60)


@pytest.fixture
def installation(tmp_path):
    made = Controlled(tmp_path)
    made.ports = dict(zip(("api", "controller"), free_ports(2), strict=True))
    done = made.trueup("init", str(made.repo))
    assert done.returncode == 0, done.stderr
    made.cut_rows("train", 300)
    write_tiny_base(made.repo / "bases" / "tiny")
    made.dvc("add", "data/train.csv")
    made.dvc("push")
    made.git("add", "-A")
    made.git("commit", "-qm", "Two bases")
    made.change_spec(
        f"model: {MINILM}", f"model: bases/tiny\n    candidates: [{MINILM}]", "Compete"
    )
    made.change_spec("method: lora", SEARCH, "Search")
    made.change_spec("num_train_epochs: 1, learning_rate: 1.0e-3,", "max_steps: 3,", "Be quick")
    yield made
    if made.controller is not None and made.controller.poll() is None:
        made.end(signal.SIGTERM)


def test_a_search_over_two_bases_survives_a_killed_controller(installation):
    installation.start()
    database = None

    def found():
        nonlocal database
        path = installation.root / "home" / "registry.db"
        if database is None and path.exists() and installation.git("rev-parse", "HEAD"):
            database = Database.open(f"sqlite:///{path}")
        if database is None:
            return []
        with database.reading() as session:
            search = trials.latest_search(session, MODEL)
            return trials.list_trials(session, MODEL, search) if search else []

    def second_runs():
        return [one for one in found() if one.number == 2 and one.state is TrialState.RUNNING]

    installation.until(second_runs, "the second trial runs", seconds=240)
    installation.end(signal.SIGKILL)
    before = [(one.number, one.base, dict(one.parameters), one.run_id) for one in found()]

    installation.start()

    def made():
        with database.reading() as session:
            return versions.list_versions(session, MODEL)

    (version,) = installation.until(made, "a version is made", seconds=240)
    after = found()
    with database.reading() as session:
        tried = [run for run in runs.list_runs(session, MODEL) if run.kind is RunKind.TRIAL]
    database.close()
    assert [(one.number, one.base, dict(one.parameters), one.run_id) for one in after][:2] == before
    assert [run.state for run in tried] == [RunState.SUCCEEDED] * 3
    assert [one.base for one in after][:2] == ["bases/tiny", MINILM]
    best = max(after, key=lambda one: (one.value, -one.number))
    assert version.lineage["search"]["chosen"] == best.number
    assert version.lineage["base"]["model"] == best.base == MINILM
    assert version.training["validation"]["f1_macro"] == best.value > 0.8
    assert not list((installation.root / "home" / "features").glob("*/*"))
