"""git and DVC as a person would call them, in a repository that belongs to that person.

Other than ``controller.source.git``, which reads repositories that others wrote, this runs in the
user's own: their identity, their signing key and their hooks apply.
"""

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from controller.errors import ControllerError


class ScaffoldError(ControllerError):
    """A repository cannot be made here."""

    reason = "InitFailed"


class NotEmptyError(ScaffoldError):
    """There is something where the repository would be."""

    reason = "NotEmpty"


def git(folder: Path, *arguments: str) -> str:
    """Run ``git ARGUMENTS`` in ``folder`` and return what it printed; ScaffoldError if it fails."""
    return _run(["git", *arguments], folder, fix="install git")


def dvc(folder: Path, *arguments: str) -> str:
    """Run ``dvc ARGUMENTS`` in ``folder`` (about 1.5 s each); ScaffoldError if it fails."""
    return _run([sys.executable, "-m", "dvc", *arguments], folder, fix="pip install 'trueup[data]'")


def python(folder: Path, *arguments: str) -> str:
    """Run this Python with ``arguments`` in ``folder``; ScaffoldError if it fails."""
    return _run([sys.executable, *arguments], folder, fix="pip install 'trueup[train]'")


def _run(command: Sequence[str], folder: Path, *, fix: str) -> str:
    try:
        done = subprocess.run(
            command, cwd=folder, capture_output=True, text=True, env=_environment(), check=False
        )
    except FileNotFoundError as error:
        raise ScaffoldError(f"{command[0]} is not installed", fix=fix) from error
    if done.returncode:
        raise ScaffoldError(f"{_name(command)} failed: {_last_words(done)}", fix=_fix(done, fix))
    return done.stdout


def _environment() -> dict[str, str]:
    # DO_NOT_TRACK and DVC_NO_ANALYTICS: making a repository tells nobody about it.
    quiet = {"DVC_NO_ANALYTICS": "1", "DO_NOT_TRACK": "1", "GIT_TERMINAL_PROMPT": "0"}
    return dict(os.environ) | quiet


def _name(command: Sequence[str]) -> str:
    """``git commit``, ``dvc push``: the program and what it was to do."""
    words = [part for part in command if part not in {sys.executable, "-m"}]
    return " ".join(words[:2])


def _last_words(done: subprocess.CompletedProcess[str]) -> str:
    lines = [line.strip() for line in (done.stderr or done.stdout).splitlines() if line.strip()]
    return lines[-1] if lines else f"exit code {done.returncode}"


def _fix(done: subprocess.CompletedProcess[str], fix: str) -> str | None:
    return fix if "No module named" in done.stderr else None
