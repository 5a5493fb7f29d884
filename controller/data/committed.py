"""Files of a repository at one commit, read from git's objects and never from a working tree."""

import subprocess
from pathlib import Path

from controller.errors import DataError


def read_committed(git_folder: Path, commit: str, path: str) -> bytes | None:
    """Return the bytes of ``path`` at ``commit``, or None where the commit has no such file.

    ``cat-file`` gives the stored bytes: no filter and no text conversion of the repository runs.

    Raises:
        DataError: The folder is no git repository, or has no such commit.
    """
    _require_commit(git_folder, commit)
    found = _git(git_folder, "cat-file", "blob", f"{commit}:{path}")
    return found.stdout if found.returncode == 0 else None


def _require_commit(git_folder: Path, commit: str) -> None:
    found = _git(git_folder, "cat-file", "-e", f"{commit}^{{commit}}")
    if found.returncode:
        said = found.stderr.decode(errors="replace").strip() or "no such commit"
        raise DataError(
            f"commit {commit[:12]} cannot be read from {git_folder}: {said}",
            reason="CommitAbsent",
            fix="check that the repository still has the commit; a force-push may have removed it",
        )


def _git(folder: Path, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(["git", "-C", str(folder), *arguments], check=False, capture_output=True)
