"""Fetching with real DVC from a real repository, at one commit."""

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from controller.data.pull import Repository, cached_path, fetch, md5_of
from controller.errors import DataError
from tests.unit.controller.data.conftest import TEST_CSV

pytestmark = pytest.mark.dvc

PATH = "data/test.csv"


@dataclass
class At:
    """What a fetch is asked for."""

    source: Repository
    wanted: str
    cache: Path

    def fetch(self) -> Path:
        return fetch(self.source, PATH, self.wanted, cache=self.cache)


@pytest.fixture
def at_first(repository, tmp_path) -> At:
    source = Repository(str(repository.folder), None, repository.first)
    return At(source, md5_of_text(tmp_path, TEST_CSV), tmp_path / "cache")


def md5_of_text(folder: Path, text: str) -> str:
    (folder / "content").write_text(text)
    return md5_of(folder / "content")


def test_a_file_comes_from_the_remote_into_the_cache(at_first):
    found = at_first.fetch()

    assert found == cached_path(at_first.cache, at_first.wanted)
    assert found.read_text() == TEST_CSV


def test_the_commit_counts_and_not_the_working_tree(at_first, repository):
    dvc_file = repository.folder / f"{PATH}.dvc"
    committed = dvc_file.read_bytes()
    dvc_file.unlink()

    found = at_first.fetch()

    dvc_file.write_bytes(committed)
    assert found.read_text() == TEST_CSV


def test_what_is_cached_needs_no_repository(at_first):
    found = at_first.fetch()
    gone = Repository("/nowhere", None, "0" * 40)

    assert fetch(gone, PATH, at_first.wanted, cache=at_first.cache) == found


def test_a_damaged_cache_file_is_fetched_again(at_first):
    found = at_first.fetch()
    found.chmod(0o644)
    found.write_text("damaged")
    found.chmod(0o444)

    again = at_first.fetch()

    assert again.read_text() == TEST_CSV


def test_a_mirror_of_a_url_needs_an_absolute_remote(at_first, repository, tmp_path):
    mirror = tmp_path / "mirror.git"
    subprocess.run(
        ["git", "clone", "-q", "--mirror", str(repository.folder), str(mirror)], check=True
    )
    at_first.source = Repository("https://git.example.org/one.git", mirror, repository.first)

    with pytest.raises(DataError, match="relative folder") as refused:
        at_first.fetch()

    assert refused.value.reason == "NoDvcRemote"


def test_data_that_was_never_pushed_is_named_with_its_remote(at_first, repository, tmp_path):
    commit = repository.commit({PATH: "text,label\nnever pushed,card\n"}, push=False)
    at_first.source = Repository(str(repository.folder), None, commit)
    at_first.wanted = repository.hash_of(PATH)

    with pytest.raises(DataError) as refused:
        at_first.fetch()

    assert refused.value.reason == "DataAbsent"
    assert at_first.wanted in str(refused.value)
    assert "'store'" in str(refused.value)
    assert f"dvc push {PATH}.dvc" in refused.value.fix


def test_a_remote_that_holds_other_content_is_refused(at_first, repository, tmp_path):
    store = repository.folder.parent / "store"
    held = cached_path(store, at_first.wanted)
    shutil.copy(held, tmp_path / "kept")
    held.chmod(0o644)
    held.write_text("something else")

    with pytest.raises(DataError) as refused:
        at_first.fetch()

    shutil.copy(tmp_path / "kept", held)
    assert refused.value.reason in ("DataCorrupt", "DataAbsent")
    assert not cached_path(at_first.cache, at_first.wanted).exists()


def test_a_remote_that_dvc_cannot_use_is_worth_another_attempt(at_first, repository):
    repository.dvc("remote", "add", "-q", "-f", "broken", "ssh://127.0.0.1:1/nowhere")
    repository.dvc("remote", "default", "-q", "broken")
    repository.git("commit", "-q", "-am", "remote")
    commit = repository.git("rev-parse", "HEAD").strip()
    repository.git("reset", "-q", "--hard", "HEAD~1")
    at_first.source = Repository(str(repository.folder), None, commit)

    with pytest.raises(DataError) as refused:
        at_first.fetch()

    assert refused.value.reason == "DvcRemoteUnreachable"
    assert refused.value.is_transient


def test_a_commit_without_the_dvc_file_is_refused(at_first):
    with pytest.raises(DataError) as refused:
        fetch(at_first.source, "data/other.csv", at_first.wanted, cache=at_first.cache)

    assert refused.value.reason == "DvcFileAbsent"
    assert "dvc add data/other.csv" in refused.value.fix


def test_a_commit_that_is_gone_is_refused(at_first, repository):
    at_first.source = Repository(str(repository.folder), None, "0" * 40)

    with pytest.raises(DataError) as refused:
        at_first.fetch()

    assert refused.value.reason == "CommitAbsent"


def test_nothing_that_a_repository_declares_is_run(at_first, repository, tmp_path):
    """A ``.dvc`` file with a command and a pipeline beside it: only the bytes are fetched."""
    ran = tmp_path / "ran"
    dvc_file = repository.folder / f"{PATH}.dvc"
    committed = dvc_file.read_text()
    dvc_file.write_text(f"cmd: touch {ran}\n{committed}")
    stage = f"stages:\n  s:\n    cmd: touch {ran}\n    outs:\n    - made.csv\n"
    (repository.folder / "dvc.yaml").write_text(stage)
    repository.git("add", "-A")
    repository.git("commit", "-q", "-m", "commands")
    commit = repository.git("rev-parse", "HEAD").strip()
    repository.git("reset", "-q", "--hard", "HEAD~1")
    at_first.source = Repository(str(repository.folder), None, commit)
    at_first.wanted = repository.hash_of(PATH)
    repository.dvc("push", "-q")

    found = at_first.fetch()

    assert found.exists()
    assert not ran.exists()
