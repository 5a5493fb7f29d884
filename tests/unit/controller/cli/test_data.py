"""``trueup data``: a stored report, and a working tree."""

import json

import pytest

from registry.artifacts import open_artifacts
from registry.records import Failure, RunKind, RunState
from registry.settings import Settings
from registry.store.runs import finish_run
from tests.unit.controller.cli.conftest import MODEL
from tests.unit.controller.data.conftest import TEST_CSV, training_csv
from tests.unit.registry.pages.test_data_report import REPORT

SPEC = """
apiVersion: trueup/v1
kind: Model
metadata: {name: cards}
spec:
  task: text-classification
  base: {model: nobody/has-this}
  data:
    train: data/train.csv
    test: data/test.csv
    checks: {unseen_labels: fail, learning_curve: skip}
  gates: [{metric: accuracy, min: 0.5}]
"""


@pytest.fixture
def reported(world, tmp_path):
    """Keep a report with a failure, as a data run that was refused leaves it."""
    world.declare()
    artifacts = open_artifacts(Settings(home=tmp_path))
    digest = artifacts.put_bytes(json.dumps(REPORT).encode()).digest
    world.write(
        finish_run,
        world.run(RunKind.DATA),
        state=RunState.FAILED,
        result={"data_report": digest},
        failure=Failure("ChecksFailed", "data/train.csv: too many", "correct the rows"),
        now=world.now,
    )


def test_a_refused_report_is_shown_with_the_failure(reported, trueup):
    shown = trueup("data", MODEL).stdout

    assert "900 train, 100 validation, 200 test rows" in shown
    assert "data/train.csv: too many" in shown
    assert "fix: correct the rows" in shown
    assert "exact duplicates: 10, dropped" in " ".join(shown.split())


def test_one_check_is_shown_with_all_its_rows(reported, trueup):
    shown = " ".join(trueup("data", MODEL, "--check", "exact_duplicates").stdout.split())

    assert "rows: 1, 2, 3, 4, 5, 6, 7, 8, 9, 10" in shown
    assert "row 1: '<b>mail [email]</b>' (card); same_as 7" in shown


def test_a_check_that_there_is_not_is_named_with_those_that_there_are(reported, trueup):
    refused = trueup("data", MODEL, "--check", "duplicates")

    assert refused.exit_code == 2
    assert "exact_duplicates" in refused.stderr


def test_json_is_the_report(reported, trueup):
    assert json.loads(trueup("data", MODEL, "--json").stdout)["report"]["task"] == REPORT["task"]


def test_a_model_without_a_report_says_what_to_do(world, trueup):
    world.declare()

    refused = trueup("data", MODEL)

    assert refused.exit_code == 1
    assert "--local" in refused.stderr


@pytest.fixture
def tree(tmp_path):
    tree = tmp_path / "tree"
    for folder in ("data", "specs"):
        (tree / folder).mkdir(parents=True)
    (tree / "specs/cards.yaml").write_text(SPEC)
    (tree / "data/train.csv").write_text(training_csv())
    (tree / "data/test.csv").write_text(TEST_CSV)
    return tree


@pytest.fixture
def check(invoke, tree):
    """Check the working tree; there is no API."""
    return lambda: invoke("data", str(tree / "specs/cards.yaml"), "--local", "--repo", str(tree))


def test_a_working_tree_is_checked_before_any_commit(tree, check):
    good = check()
    with (tree / "data/test.csv").open("a") as file:
        file.write("a loan please,loan\n")
    bad = check()

    assert (good.exit_code, bad.exit_code) == (0, 1)
    assert "Data of cards" in good.stdout
    assert "Refused" in bad.stdout
    assert "(row 3)" in " ".join(bad.stdout.split())


def test_a_data_file_that_is_not_here_is_named_with_the_command_that_brings_it(tree, check):
    (tree / "data/test.csv").rename(tree / "data/test.csv.dvc")

    refused = check()

    assert refused.exit_code == 1
    assert "data/test.csv: it is not here" in refused.stderr
    assert "dvc pull data/test.csv" in refused.stderr
