"""`trueup plan` on a real repository, an empty installation and real jobs."""

import hashlib
import json
import subprocess

import pytest

SPEC = """\
apiVersion: trueup/v1
kind: Model
metadata: {name: intents}
spec:
  task: text-classification
  base: {model: sentence-transformers/all-MiniLM-L6-v2}
  data: {train: data/train.csv, test: data/test.csv}
  training: {truncation: refuse, arguments: {max_length: 32}}
  gates:
    - {metric: accuracy, min: 0.8}
"""
ROWS = "text,label\n" + "".join(
    f"{text} number {number},{label}\n"
    for label, text in (("card", "where is my card"), ("refund", "give my money back"))
    for number in range(40)
)
TEST = "text,label\n" + "".join(
    f"{text} {number},{label}\n"
    for label, text in (("card", "my plastic never came"), ("refund", "please pay me"))
    for number in range(10)
)


class Installation:
    """A repository, and a home whose DVC cache has its data."""

    def __init__(self, root) -> None:
        self.repo, self.home = root / "repo", root / "home"
        self.repo.mkdir()
        self.git("init", "-q", "-b", "main")
        self.write("specs/intents.yaml", SPEC)
        self.data("data/train.csv", ROWS)
        self.data("data/test.csv", TEST)

    def git(self, *arguments) -> None:
        identity = ["-c", "user.name=a", "-c", "user.email=a@b"]
        subprocess.run(["git", *identity, *arguments], cwd=self.repo, check=True)

    def write(self, path, text) -> None:
        (self.repo / path).parent.mkdir(exist_ok=True)
        (self.repo / path).write_text(text)
        self.git("add", "-A")
        self.git("commit", "-qm", path)

    def data(self, path, content) -> None:
        md5 = hashlib.md5(content.encode()).hexdigest()
        cached = self.home / "data" / "cache" / "files" / "md5" / md5[:2] / md5[2:]
        cached.parent.mkdir(parents=True, exist_ok=True)
        cached.write_text(content)
        entry = f"outs:\n- md5: {md5}\n  size: {len(content)}\n  hash: md5\n  path: {path[5:]}\n"
        self.write(f"{path}.dvc", entry)

    @property
    def places(self):
        return ("--repo", str(self.repo), "--home", str(self.home))

    @property
    def contents(self):
        """What stands in the home, but for the clone and the database."""
        return sorted(
            path.relative_to(self.home).as_posix()
            for path in self.home.rglob("*")
            if path.is_file() and path.parts[len(self.home.parts)] != "git"
        )


@pytest.fixture
def installation(tmp_path):
    return Installation(tmp_path)


def test_a_plan_says_what_a_training_would_cost_and_changes_nothing(invoke, installation):
    invoke("plan", *installation.places, "--no-costs")
    before = installation.contents

    result = invoke("plan", *installation.places, "--json")

    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    figures = found["costs"]["intents"]["figures"]
    assert {"PrepareData", "EstimateCost", "Train"} <= {
        action["action"] for action in found["models"]["intents"]
    }
    assert (figures["rows"]["value"], figures["steps"]["value"]) == (72, 6)
    assert figures["seconds"]["low"] < figures["seconds"]["value"] < figures["seconds"]["high"]
    assert "estimate: checking rows" in result.stderr
    assert installation.contents == before


def test_a_row_that_cannot_be_trained_on_is_said_at_plan_time(invoke, installation):
    installation.data("data/train.csv", ROWS + f"{'why ' * 60},card\n")

    result = invoke("plan", *installation.places)

    assert result.exit_code == 1
    assert "RowTooLong: data/train.csv: 1 train rows are longer than max_length 32: row 8" in (
        result.stderr
    )
    assert "raise max_length" in result.stderr


def test_a_plan_without_costs_starts_nothing(invoke, installation):
    result = invoke("plan", *installation.places, "--no-costs")

    assert result.exit_code == 0
    assert "Train" in result.stdout
    assert "Cost of" not in result.stdout


def test_a_plan_of_an_invalid_spec_says_all_that_is_wrong_with_it(invoke, installation):
    broken = SPEC.replace("min: 0.8", "mni: 0.8").replace("text-classification", "text-clas")
    installation.write("specs/intents.yaml", broken)

    asked = invoke("plan", "intents", *installation.places, "--json")

    assert asked.exit_code == 1
    problems = json.loads(asked.stdout)["problems"]
    assert "specs/intents.yaml:5" in problems["intents"]
    assert "specs/intents.yaml:10" in problems["intents"]
    assert "mni" in problems["intents"]


def test_a_plan_says_what_the_gates_can_show(invoke, installation):
    result = invoke("plan", *installation.places, "--json")

    (power,) = json.loads(result.stdout)["power"]["intents"]
    assert (power["rows"], power["least_rows"], power["can_pass"]) == (20, 11, True)
    assert power["fails_at"] < 0.8 < power["passes_at"]


def test_a_gate_that_the_test_rows_cannot_show_is_refused_with_its_line(invoke, installation):
    installation.write("specs/intents.yaml", SPEC.replace("min: 0.8", "min: 0.95"))

    result = invoke("plan", *installation.places)

    assert result.exit_code == 1
    told = "GateCannotPass: specs/intents.yaml:10: spec.gates[0]: accuracy min 0.95 cannot be shown"
    assert told in result.stderr
    assert "52 test rows would do" in result.stderr
    assert "never: takes 52 rows" in result.stdout
