import csv
import json
import os
import subprocess
from pathlib import Path

import pytest

from controller.scaffold.commands import NotEmptyError, ScaffoldError, dvc, git, python
from controller.scaffold.datasets import write_dataset
from controller.scaffold.grammar import load_grammar
from controller.scaffold.repository import make_repository
from controller.scaffold.tickets import Dataset, Ticket
from specs.loader import load_specs

GRAMMAR = load_grammar()
TICKET = Ticket('I want my "money" back,\nplease', "refund_request", "email")


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("init") / "shop"
    return make_repository(folder, task="text-classification", show=lambda _: None)


def test_csv_rows_survive_quotes_and_line_breaks(tmp_path):
    write_dataset(Dataset((TICKET,), ()), tmp_path, suffix="csv", grammar=GRAMMAR)

    with (tmp_path / "train.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))

    assert rows == [{"text": TICKET.text, "category": TICKET.category, "channel": "email"}]


def test_generation_rows_say_where_a_ticket_belongs(tmp_path):
    write_dataset(Dataset((TICKET,), ()), tmp_path, suffix="jsonl", grammar=GRAMMAR)

    row = json.loads((tmp_path / "train.jsonl").read_text())

    assert row["completion"] == "intent: refund request; queue: payments"
    assert TICKET.text in row["prompt"]


@pytest.mark.dvc
def test_the_spec_is_valid(made):
    path = "specs/support-intents.yaml"

    result = load_specs({path: (made.folder / path).read_bytes()})

    assert not result.errors
    assert result.models["support-intents"].spec.spec.data.train == "data/train.csv"


@pytest.mark.dvc
def test_everything_is_committed_on_main(made):
    assert git(made.folder, "status", "--porcelain") == ""
    assert git(made.folder, "branch", "--show-current").strip() == "main"
    tracked = git(made.folder, "ls-files").split()
    assert {"README.md", ".github/workflows/validate.yml", "data/train.csv.dvc"} <= set(tracked)
    assert "data/train.csv" not in tracked


@pytest.mark.dvc
def test_the_rows_are_in_the_remote_and_the_remote_is_not_in_git(made):
    assert dvc(made.folder, "status", "--cloud").strip().endswith("in sync.")
    assert not [path for path in git(made.folder, "ls-files").split() if "remote/" in path]


@pytest.mark.dvc
def test_the_repository_can_be_moved(made, tmp_path):
    moved = tmp_path / "elsewhere"
    subprocess.run(["cp", "-r", made.folder, moved], check=True)
    for name in ("data/train.csv", "data/test.csv"):
        (moved / name).unlink()

    dvc(moved, "pull", "--quiet")

    assert (moved / "data/train.csv").read_text() == (made.folder / "data/train.csv").read_text()


@pytest.mark.dvc
def test_a_commit_can_be_pushed_into_the_work_tree(made, tmp_path):
    git(tmp_path, "clone", "--quiet", str(made.folder), "bot")
    bot = tmp_path / "bot"
    (bot / "note.txt").write_text("pinned")
    git(bot, "add", "note.txt")
    git(bot, "-c", "user.name=b", "-c", "user.email=b@c", "commit", "--quiet", "-m", "pin")

    git(bot, "push", "--quiet", "origin", "main")

    assert (made.folder / "note.txt").read_text() == "pinned"
    git(made.folder, "reset", "--quiet", "--hard", "HEAD~1")


def test_a_folder_with_something_in_it_is_refused_and_left_alone(tmp_path):
    (tmp_path / "mine.txt").write_text("mine")

    with pytest.raises(NotEmptyError, match="is not empty"):
        make_repository(tmp_path, task="text-classification", show=lambda _: None)

    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_a_file_in_the_place_of_the_folder_is_refused(tmp_path):
    (tmp_path / "shop").write_text("")

    with pytest.raises(NotEmptyError, match="is a file"):
        make_repository(tmp_path / "shop", task="text-classification", show=lambda _: None)


@pytest.mark.parametrize("existed", [True, False], ids=["an empty folder", "no folder"])
def test_a_failure_halfway_leaves_what_was_there_before(tmp_path, existed):
    folder = tmp_path / "shop"
    if existed:
        folder.mkdir()

    def fail(title):
        if title == "dvc init":
            raise ScaffoldError("the disk is full")

    with pytest.raises(ScaffoldError):
        make_repository(folder, task="text-classification", show=fail)

    assert folder.exists() == existed
    assert not existed or not list(folder.iterdir())


def test_a_command_that_fails_says_its_last_words(tmp_path):
    with pytest.raises(ScaffoldError, match=r"^git rev-parse failed: fatal: not a git"):
        git(tmp_path, "rev-parse", "HEAD")


def test_a_module_that_is_not_installed_is_named_with_its_fix(tmp_path):
    with pytest.raises(ScaffoldError, match="No module named") as raised:
        python(tmp_path, "-m", "no_such_module")

    assert raised.value.fix == "pip install 'trueup[train]'"


def test_identity_is_set_only_where_there_is_none(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.setenv("GIT_CONFIG_SYSTEM", os.devnull)
    folder = tmp_path / "anonymous"

    def stop_before_dvc(title):
        if title == "dvc init":
            name.append(git(folder, "config", "user.name").strip())
            raise ScaffoldError("enough seen")

    name = []
    with pytest.raises(ScaffoldError, match="enough seen"):
        make_repository(folder, task="text-classification", show=stop_before_dvc)

    assert name == ["Trueup"]
    assert not Path(folder).exists()
