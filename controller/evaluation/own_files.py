"""The user's own small files that evaluation reads: tracked by git itself, or by DVC."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from controller.data.committed import read_committed
from controller.data.pull import Repository, fetch
from controller.errors import DataError

BY_GIT = "sha256:"
"""Begins the hash of a file that git tracks; DVC's begin with ``md5:``."""


@dataclass(frozen=True)
class OwnFiles:
    """Which files, at which commit of which repository."""

    hashes: Mapping[str, str] = field(default_factory=dict)
    """Path in the repository → its hash."""
    repository: Repository | None = None
    cache: Path = Path()
    """DVC's cache."""

    @classmethod
    def of(cls, told: Mapping[str, Any] | None) -> "OwnFiles":
        """Read what a job was told; None: there are no such files."""
        if told is None:
            return cls()
        repo = told["repo"]
        mirror = repo.get("mirror")
        repository = Repository(repo["url"], Path(mirror) if mirror else None, repo["commit"])
        return cls(told["hashes"], repository, Path(told["cache"]))

    def fetch(self, into: Path) -> dict[str, Path]:
        """Have every file on this machine; its path in the repository → where it lies.

        Raises:
            DataError: A file is absent, or is not what its hash says.
        """
        found = {}
        for number, (path, wanted) in enumerate(self.hashes.items()):
            assert self.repository is not None, "files stand in a repository"
            if wanted.startswith(BY_GIT):
                content = read_committed(self.repository.git_folder, self.repository.commit, path)
                if content is None or git_hash(content) != wanted:
                    problem = f"{path} is not what it was at commit {self.repository.commit[:12]}"
                    raise DataError(problem, reason="OwnFileAbsent", fix="commit it again")
                into.mkdir(parents=True, exist_ok=True)
                found[path] = into / str(number)
                found[path].write_bytes(content)
            else:
                found[path] = fetch(self.repository, path, wanted, cache=self.cache)
        return found


def git_hash(content: bytes) -> str:
    """Hash a file that git tracks, by its content."""
    return BY_GIT + hashlib.sha256(content).hexdigest()
