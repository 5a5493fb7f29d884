import json
import subprocess
from importlib.resources import files
from string import Template

import pytest

TEMPLATES = files("controller.scaffold").joinpath("templates")
SPEC = Template(TEMPLATES.joinpath("classification/spec.yaml").read_text())
VALID = SPEC.substitute(name="support-intents")
BROKEN = VALID.replace("metric: f1_macro", "metric: f1_marco")


@pytest.fixture
def repo(tmp_path):
    folder = tmp_path / "shop"
    (folder / "specs").mkdir(parents=True)
    (folder / "specs" / "support-intents.yaml").write_text(VALID)
    return folder


def git(repo, *arguments):
    identity = ["-c", "user.name=a", "-c", "user.email=a@b"]
    subprocess.run(["git", *identity, *arguments], cwd=repo, check=True, capture_output=True)


def test_valid_specs_are_named(invoke, repo):
    result = invoke("validate", "--repo", str(repo))

    assert result.exit_code == 0
    assert "1 spec valid: support-intents" in result.stdout


def test_an_error_has_its_file_line_and_fix_on_stderr(invoke, repo):
    (repo / "specs" / "support-intents.yaml").write_text(BROKEN)

    result = invoke("validate", "--repo", str(repo))

    assert result.exit_code == 1
    line = BROKEN.splitlines().index(next(s for s in BROKEN.splitlines() if "f1_marco" in s)) + 1
    assert f"specs/support-intents.yaml:{line}:" in result.stderr
    assert "did you mean 'f1_macro'?" in result.stderr


def test_errors_as_json_have_their_place(invoke, repo):
    (repo / "specs" / "support-intents.yaml").write_text(BROKEN)

    result = invoke("validate", "--repo", str(repo), "--json")

    answer = json.loads(result.stdout)
    assert (result.exit_code, answer["valid"]) == (1, False)
    assert answer["errors"][0]["path"] == "specs/support-intents.yaml"
    assert answer["errors"][0]["line"] > 1


def test_a_committed_revision_is_checked_instead_of_the_files(invoke, repo):
    git(repo, "init", "--quiet")
    git(repo, "add", "--all")
    git(repo, "commit", "--quiet", "--message", "valid")
    (repo / "specs" / "support-intents.yaml").write_text(BROKEN)

    assert invoke("validate", "--repo", str(repo)).exit_code == 1
    assert invoke("validate", "--repo", str(repo), "--revision", "HEAD").exit_code == 0


def test_a_revision_that_is_not_there_is_bad_input(invoke, repo):
    git(repo, "init", "--quiet")

    result = invoke("validate", "--repo", str(repo), "--revision", "nope")

    assert result.exit_code == 2
    assert "no revision 'nope'" in result.stderr


def test_a_folder_without_specs_is_bad_input_with_the_way_out(invoke, tmp_path):
    result = invoke("validate", "--repo", str(tmp_path))

    assert result.exit_code == 2
    assert "trueup init" in result.stderr


def test_the_generative_template_is_valid_too(invoke, repo):
    text = TEMPLATES.joinpath("generation/spec.yaml").read_text()
    (repo / "specs" / "router.yaml").write_text(Template(text).substitute(name="support-router"))

    result = invoke("validate", "--repo", str(repo))

    assert result.stderr == ""
    assert "2 specs valid: support-intents, support-router" in result.stdout
