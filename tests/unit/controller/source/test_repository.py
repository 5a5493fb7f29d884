"""Reading and writing real git repositories."""

import os
import subprocess

import pytest

from controller.errors import SourceError
from controller.source.publish import TRAILER, Publisher
from controller.source.repository import Repository

ENVIRONMENT = dict(os.environ)


def git(folder, *arguments):
    done = subprocess.run(
        ["git", "-C", folder, "-c", "user.name=Ann", "-c", "user.email=ann@x", *arguments],
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stdout.strip()


@pytest.fixture
def folder(tmp_path):
    """A repository with one commit: ``specs/a.yaml`` and ``data/x.csv.dvc``."""
    made = tmp_path / "repo"
    (made / "specs").mkdir(parents=True)
    (made / "data").mkdir()
    (made / "specs" / "a.yaml").write_text("one: 1\n")
    (made / "data" / "x.csv.dvc").write_text("outs: []\n")
    git(made.parent, "init", "-q", "-b", "main", str(made))
    git(made, "add", "-A")
    git(made, "commit", "-qm", "first")
    return made


@pytest.fixture
def repository(folder, tmp_path):
    return Repository(str(folder), branch=None, home=tmp_path / "home", environment=ENVIRONMENT)


@pytest.fixture
def publisher(repository):
    return Publisher(repository, name="Trueup", email="trueup@localhost", environment=ENVIRONMENT)


def commit(folder, path, content):
    (folder / path).write_text(content)
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", f"change {path}")
    return git(folder, "rev-parse", "HEAD")


def test_a_fetch_names_the_head_of_the_default_branch(repository, folder):
    found = repository.fetch()

    assert found == f"main@sha1:{git(folder, 'rev-parse', 'HEAD')}"


def test_files_are_read_at_the_commit_and_not_from_the_working_tree(repository, folder):
    at = repository.fetch()
    (folder / "specs" / "a.yaml").write_text("edited: but not committed\n")

    assert repository.read_files(at, ["specs/a.yaml"]) == {"specs/a.yaml": b"one: 1\n"}


def test_an_absent_file_is_left_out(repository):
    at = repository.fetch()

    assert repository.read_files(at, ["specs/none.yaml"]) == {}


def test_a_symbolic_link_is_never_followed(repository, folder):
    (folder / "specs" / "link.yaml").symlink_to("/etc/passwd")
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", "link")

    at = repository.fetch()

    assert repository.list_files(at, "specs") == ["specs/a.yaml"]
    assert repository.read_files(at, ["specs/link.yaml"]) == {}


def test_a_huge_file_is_not_read_into_memory(repository, folder):
    commit(folder, "specs/huge.yaml", "x" * (1 << 21))

    at = repository.fetch()

    assert repository.read_files(at, ["specs/huge.yaml"]) == {}


def test_an_ancestor_is_part_of_the_history(repository, folder):
    before = repository.fetch()
    commit(folder, "specs/b.yaml", "two: 2\n")
    after = repository.fetch()

    assert repository.contains(before, at=after)
    assert not repository.contains(after, at=before)


def test_the_main_branch_is_followed_whatever_is_checked_out(repository, folder):
    git(folder, "switch", "-qc", "feature")
    commit(folder, "specs/b.yaml", "two: 2\n")

    assert repository.fetch() == f"main@sha1:{git(folder, 'rev-parse', 'main')}"


def test_another_default_branch_is_found_by_head(tmp_path):
    made = tmp_path / "trunk"
    made.mkdir()
    git(made, "init", "-q", "-b", "trunk")
    commit(made, "a.txt", "a")
    found = Repository(str(made), branch=None, home=tmp_path / "home", environment=ENVIRONMENT)

    assert found.fetch().startswith("trunk@")


def test_a_force_push_is_followed(repository, folder):
    commit(folder, "specs/b.yaml", "two: 2\n")
    repository.fetch()
    git(folder, "reset", "-q", "--hard", "HEAD~1")

    assert repository.fetch() == f"main@sha1:{git(folder, 'rev-parse', 'HEAD')}"


def test_a_repository_that_is_gone_says_so(tmp_path):
    gone = Repository(
        str(tmp_path / "gone"), branch="main", home=tmp_path / "home", environment=ENVIRONMENT
    )

    with pytest.raises(SourceError, match="does not appear to be a git repository"):
        gone.fetch()


def test_a_branch_that_does_not_exist_is_named(folder, tmp_path):
    absent = Repository(
        str(folder), branch="release", home=tmp_path / "home", environment=ENVIRONMENT
    )

    with pytest.raises(SourceError, match="no branch 'release'"):
        absent.fetch()


def test_a_url_that_would_run_a_command_is_refused(tmp_path):
    proof = tmp_path / "ran"
    evil = Repository(
        f"ext::touch {proof}", branch="main", home=tmp_path / "home", environment=ENVIRONMENT
    )

    with pytest.raises(SourceError):
        evil.fetch()

    assert not proof.exists()


def test_a_published_commit_reaches_the_branch_and_the_files_of_its_folder(
    repository, publisher, folder
):
    at = repository.fetch()

    written = publisher.publish("specs/a.yaml", b"one: 2\n", on=at, message="Pin a")

    assert repository.fetch() == written
    assert (folder / "specs" / "a.yaml").read_text() == "one: 2\n"
    assert git(folder, "status", "--porcelain") == ""
    assert git(folder, "log", "-1", "--format=%an %s") == "Trueup Pin a"
    assert TRAILER in git(folder, "log", "-1", "--format=%B")


def test_edits_elsewhere_in_the_folder_survive_a_published_commit(repository, publisher, folder):
    (folder / "notes.txt").write_text("mine\n")
    (folder / "data" / "x.csv.dvc").write_text("outs: [edited]\n")

    publisher.publish("specs/a.yaml", b"one: 2\n", on=repository.fetch(), message="Pin a")

    assert (folder / "notes.txt").read_text() == "mine\n"
    assert (folder / "data" / "x.csv.dvc").read_text() == "outs: [edited]\n"


def test_an_edit_of_the_same_file_is_never_overwritten(repository, publisher, folder):
    at = repository.fetch()
    (folder / "specs" / "a.yaml").write_text("mine: 3\n")

    with pytest.raises(SourceError) as caught:
        publisher.publish("specs/a.yaml", b"one: 2\n", on=at, message="Pin a")

    assert caught.value.reason == "WriteBackRefused"
    assert (folder / "specs" / "a.yaml").read_text() == "mine: 3\n"
    assert repository.fetch() == at


def test_a_commit_made_meanwhile_wins_over_a_published_one(repository, publisher, folder):
    at = repository.fetch()
    newer = commit(folder, "specs/a.yaml", "one: theirs\n")

    with pytest.raises(SourceError):
        publisher.publish("specs/a.yaml", b"one: 2\n", on=at, message="Pin a")

    assert git(folder, "rev-parse", "HEAD") == newer


def test_a_published_commit_is_pushed_to_a_bare_repository(folder, tmp_path):
    bare = tmp_path / "bare.git"
    git(tmp_path, "clone", "-q", "--bare", str(folder), str(bare))
    repository = Repository(str(bare), branch=None, home=tmp_path / "h", environment=ENVIRONMENT)
    publisher = Publisher(repository, name="Bot", email="bot@x", environment=ENVIRONMENT)

    written = publisher.publish("specs/a.yaml", b"one: 2\n", on=repository.fetch(), message="Pin a")

    assert repository.fetch() == written


def test_hooks_of_the_repository_are_never_run(repository, publisher, folder, tmp_path):
    proof = tmp_path / "ran"
    for name in ("post-merge", "reference-transaction", "pre-push"):
        hook = folder / ".git" / "hooks" / name
        hook.write_text(f"#!/bin/sh\ntouch {proof}\n")
        hook.chmod(0o755)

    publisher.publish("specs/a.yaml", b"one: 2\n", on=repository.fetch(), message="Pin a")

    assert not proof.exists()
