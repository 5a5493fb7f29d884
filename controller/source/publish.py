"""Write back to git: one small commit by the bot, on top of the branch, never forced."""

import tempfile
from collections.abc import Mapping
from pathlib import Path

from controller.errors import SourceError
from controller.source.git import Git
from controller.source.repository import Repository
from specs.names import Revision, commit_of, revision

PUBLISHED_REF = "refs/trueup/published"
TRAILER = "Trueup-Write-Back: true"


class Publisher:
    """Makes commits as the bot and brings them to the repository's branch."""

    def __init__(
        self, repository: Repository, *, name: str, email: str, environment: Mapping[str, str]
    ) -> None:
        """``name`` and ``email`` are the bot's identity."""
        self._repository = repository
        self._git = Git(repository.mirror, environment=environment)
        self._environment = environment
        self._identity = {
            "GIT_AUTHOR_NAME": name,
            "GIT_AUTHOR_EMAIL": email,
            "GIT_COMMITTER_NAME": name,
            "GIT_COMMITTER_EMAIL": email,
        }

    def publish(self, path: str, content: bytes, *, on: Revision, message: str) -> Revision:
        """Commit ``content`` as ``path`` on top of ``on``; SourceError when somebody was faster.

        The caller makes the content from what it read at ``on``, so a lost race is repeated by
        the next pass with what is there then, and nobody's change is overwritten.
        """
        commit = self._commit(path, content, on=on, message=message)
        if self._is_checked_out():
            self._fast_forward(commit)
        else:
            target = f"{commit}:refs/heads/{self._repository.branch}"
            self._git.run("push", "--quiet", "--", self._repository.url, target)
        return revision(self._repository.branch, commit)

    def _commit(self, path: str, content: bytes, *, on: Revision, message: str) -> str:
        parent = commit_of(on)
        blob = self._git.run("hash-object", "-w", "--stdin", stdin=content).decode().strip()
        with tempfile.TemporaryDirectory() as folder:
            index = {"GIT_INDEX_FILE": str(Path(folder) / "index")}
            self._git.run("read-tree", parent, environment=index)
            entry = f"100644,{blob},{path}"
            self._git.run("update-index", "--add", "--cacheinfo", entry, environment=index)
            tree = self._git.run("write-tree", environment=index).decode().strip()
        text = f"{message}\n\n{TRAILER}\n".encode()
        made = self._git.run(
            "commit-tree", tree, "-p", parent, "-F", "-", stdin=text, environment=self._identity
        )
        return made.decode().strip()

    def _is_checked_out(self) -> bool:
        folder = self._repository.local
        if folder is None:
            return False
        git = Git(folder, environment=self._environment)
        if git.text("rev-parse", "--is-bare-repository") == "true":
            return False
        head = f"refs/heads/{self._repository.branch}"
        return git.succeeds("symbolic-ref", "HEAD") and git.text("symbolic-ref", "HEAD") == head

    def _fast_forward(self, commit: str) -> None:
        # The branch is checked out in somebody's folder: a push would be refused, or leave their
        # files behind. A fast-forward updates both, and refuses when it would touch their edits.
        assert self._repository.local is not None
        git = Git(self._repository.local, environment=self._environment)
        try:
            self._git.run("update-ref", PUBLISHED_REF, commit)
            git.run("fetch", "--quiet", "--no-tags", "--", str(self._git.folder), PUBLISHED_REF)
            git.run("merge", "--quiet", "--ff-only", commit)
        except SourceError as error:
            raise SourceError(
                f"the commit cannot be written to {self._repository.local}: {error.problem}",
                reason="WriteBackRefused",
                fix="commit or stash your changes to the spec file; it is tried again by itself",
            ) from error
