"""``trueup init``: make a GitOps repository that trains a model at its first ``trueup up``."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from string import Template

from controller.scaffold.commands import NotEmptyError, dvc, git, python
from controller.scaffold.datasets import write_dataset
from controller.scaffold.grammar import load_grammar
from controller.scaffold.tickets import TEST_ROWS, TRAIN_ROWS, first_dataset
from specs.evaluation import Task

BASE_FOLDER = "bases/tiny"
REMOTE_FOLDER = ".dvc-remote"
DVC_CONFIG = """\
[core]
    remote = local
    analytics = false
['remote "local"']
    url = ../{remote}
"""
"""The URL is relative to ``.dvc``, so that the repository can be moved."""


@dataclass(frozen=True)
class Kind:
    """What one task's repository is made of."""

    model: str
    templates: str
    suffix: str
    """Of the data files."""


KINDS: dict[Task, Kind] = {
    "text-classification": Kind("support-intents", "classification", "csv"),
    "causal-lm": Kind("support-router", "generation", "jsonl"),
}


@dataclass(frozen=True)
class Made:
    """A repository that now exists."""

    folder: Path
    model: str
    spec: Path


@dataclass(frozen=True)
class Step:
    """One part of making it, and what to call it while it runs."""

    title: str
    run: Callable[[], object]


def make_repository(folder: Path, *, task: Task, show: Callable[[str], None]) -> Made:
    """Make ``folder`` a GitOps repository; ``show`` is told each step as it begins.

    Raises:
        NotEmptyError: There is something in the folder.
        ScaffoldError: git or DVC failed; the folder is left as it was.
    """
    existed = _refuse_unless_empty(folder)
    kind = KINDS[task]
    made = Made(folder, kind.model, folder / "specs" / f"{kind.model}.yaml")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for step in _steps(folder, kind):
            show(step.title)
            step.run()
    except BaseException:
        _leave_as_it_was(folder, existed=existed)
        raise
    return made


def _steps(folder: Path, kind: Kind) -> list[Step]:
    tracked = [f"data/train.{kind.suffix}", f"data/test.{kind.suffix}"]
    steps = [
        Step("git init", lambda: _init_git(folder)),
        Step("generate the support tickets", lambda: _write_data(folder, kind)),
        Step("write the spec, the README and the CI file", lambda: _write_files(folder, kind)),
        Step("dvc init", lambda: _init_dvc(folder)),
        Step("dvc add", lambda: dvc(folder, "add", "--quiet", *tracked)),
        Step("dvc push", lambda: dvc(folder, "push", "--quiet")),
        Step("git commit", lambda: _commit(folder, kind)),
    ]
    if kind.suffix == "jsonl":
        make_base = Step("make a toy base model", lambda: _make_base(folder))
        steps.insert(len(steps) - 1, make_base)
    return steps


def _init_git(folder: Path) -> None:
    git(folder, "init", "--quiet", "--initial-branch", "main")
    # A rollback is written back as a commit by the controller: let the work tree follow it.
    git(folder, "config", "receive.denyCurrentBranch", "updateInstead")
    for key, value in (("user.name", "Trueup"), ("user.email", "trueup@localhost")):
        if not _is_configured(folder, key):
            git(folder, "config", key, value)


def _is_configured(folder: Path, key: str) -> bool:
    return bool(git(folder, "config", "--default", "", "--get", key).strip())


def _write_data(folder: Path, kind: Kind) -> None:
    grammar = load_grammar()
    dataset = first_dataset(grammar)
    write_dataset(dataset, folder / "data", suffix=kind.suffix, grammar=grammar)


def _write_files(folder: Path, kind: Kind) -> None:
    facts = {"name": kind.model, "train_rows": f"{TRAIN_ROWS:,}", "test_rows": str(TEST_ROWS)}
    _write(f"{kind.templates}/spec.yaml", folder / "specs" / f"{kind.model}.yaml", facts)
    _write(f"{kind.templates}/README.md", folder / "README.md", facts)
    _copy("shared/validate.yml", folder / ".github" / "workflows" / "validate.yml")
    _copy("shared/gitignore", folder / ".gitignore")


def _write(template: str, target: Path, facts: dict[str, str]) -> None:
    _copy(template, target)
    target.write_text(Template(target.read_text("utf-8")).substitute(facts), encoding="utf-8")


def _copy(template: str, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(files("controller.scaffold").joinpath("templates", template).read_bytes())


def _init_dvc(folder: Path) -> None:
    dvc(folder, "init", "--quiet")
    # Written, not set by `dvc config` and `dvc remote add`: two calls of 1.5 s less.
    (folder / ".dvc" / "config").write_text(DVC_CONFIG.format(remote=REMOTE_FOLDER))
    (folder / REMOTE_FOLDER).mkdir()


def _make_base(folder: Path) -> None:
    texts = "data/train.jsonl"
    command = ("-m", "controller.training.tiny_base", "--out", BASE_FOLDER, "--texts", texts)
    python(folder, *command)


def _commit(folder: Path, kind: Kind) -> None:
    git(folder, "add", "--all")
    message = f"Declare {kind.model}\n\nMade by trueup init."
    git(folder, "commit", "--quiet", "--message", message)


def _refuse_unless_empty(folder: Path) -> bool:
    """Whether the folder exists already (and is empty, or this raises)."""
    if not folder.exists():
        return False
    if not folder.is_dir():
        raise NotEmptyError(f"{folder} is a file", fix="name a folder that does not exist yet")
    if any(folder.iterdir()):
        fix = "name an empty folder, or one that does not exist yet"
        raise NotEmptyError(f"{folder} is not empty", fix=fix)
    return True


def _leave_as_it_was(folder: Path, *, existed: bool) -> None:
    if not existed:
        shutil.rmtree(folder, ignore_errors=True)
        return
    for child in folder.iterdir():
        if child.is_dir() and not child.is_symlink():
            shutil.rmtree(child, ignore_errors=True)
        else:
            child.unlink(missing_ok=True)
