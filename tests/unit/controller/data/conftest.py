"""Real git repositories with real DVC data, and data jobs over them."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from controller.data.dvc_files import parse_dvc
from controller.data.job import prepare
from controller.data.pull import md5_of
from controller.job_protocol import JobFolder

INTENTS = {
    "card": ["where is my new card", "the card has not arrived", "my card was stolen"],
    "refund": ["give my money back", "I want a refund for this", "the refund is late"],
}
TAILS = ["", " today", " since last Monday", " and I need help", " thanks a lot", " it is urgent"]


def training_csv(*more: str) -> str:
    """Eighteen rows of each label, and ``more`` lines."""
    lines = [
        f'"{text}{tail}",{label}'
        for label, texts in INTENTS.items()
        for text in texts
        for tail in TAILS
    ]
    return "\n".join(["text,label", *lines, *more]) + "\n"


TEST_CSV = "text,label\nmy plastic never came,card\nplease pay me back what I lost,refund\n"


class Repository:
    """A git repository whose data DVC keeps in a folder beside it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()
        self.git("init", "-q", "-b", "main")
        self.dvc("init", "-q")
        # DVC writes it relative to .dvc, as most repositories have it.
        self.dvc("remote", "add", "-q", "-d", "store", "../store")

    def git(self, *arguments: str) -> str:
        identity = ["-c", "user.name=t", "-c", "user.email=t@localhost"]
        return self._run("git", *identity, *arguments)

    def dvc(self, *arguments: str) -> str:
        return self._run(sys.executable, "-m", "dvc", *arguments)

    def commit(self, files: dict[str, str], *, push: bool = True) -> str:
        """Track ``files`` with DVC, commit, and return the commit."""
        for path, content in files.items():
            (self.folder / path).parent.mkdir(exist_ok=True)
            (self.folder / path).write_text(content)
        self.dvc("add", "-q", *files)
        if push:
            self.dvc("push", "-q")
        self.git("add", "-A")
        self.git("commit", "-q", "-m", "data")
        return self.git("rev-parse", "HEAD").strip()

    def hash_of(self, path: str) -> str:
        return parse_dvc((self.folder / f"{path}.dvc").read_bytes())

    def _run(self, *command: str) -> str:
        done = subprocess.run(command, cwd=self.folder, check=True, capture_output=True, text=True)
        return done.stdout


@pytest.fixture(scope="module")
def repository(tmp_path_factory) -> Repository:
    """A repository with a first commit of good data; tests add commits of their own."""
    pytest.importorskip("dvc")
    found = Repository(tmp_path_factory.mktemp("repositories") / "one")
    found.first = found.commit({"data/train.csv": training_csv(), "data/test.csv": TEST_CSV})
    return found


@pytest.fixture
def run_data_job(tmp_path):
    """Run a data job in this process over files that are here: its folder and its result.

    ``files`` maps data paths to content; ``job`` changes what the controller would ask for.
    """

    def run(files: dict[str, str], *, data: dict | None = None, **job: object) -> tuple[Path, dict]:
        folder = tmp_path / "job"
        folder.mkdir(exist_ok=True)
        here = {}
        for path, content in files.items():
            here[path] = tmp_path / path.replace("/", "-")
            here[path].write_text(content)
        asked = {
            "task": "text-classification",
            "repo": {"url": "/nowhere", "mirror": None, "commit": "0" * 40},
            "data": {"train": "data/train.csv", "test": "data/test.csv"} | (data or {}),
            "hashes": {path: md5_of(file) for path, file in here.items()},
            "files": {path: str(file) for path, file in here.items()},
            "seed": 17,
            "cache": str(tmp_path / "cache"),
            "prepared": str(tmp_path / "prepared" / "ab12"),
        }
        (folder / "job.json").write_text(json.dumps(asked | job))
        return folder, prepare(JobFolder(folder))

    return run
