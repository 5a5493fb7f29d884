"""A followed repository: one bare mirror, one fetch for all models, files read at a commit."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from controller.errors import SourceError
from controller.source.git import Git
from specs.names import Revision, commit_of, revision

REGULAR_FILE_MODES = frozenset({"100644", "100755"})
USUAL_BRANCHES = ("main", "master")
LARGEST_FILE_BYTES = 1 << 20
"""Specs and ``.dvc`` files are small; anything larger is not read into memory."""


@dataclass(frozen=True)
class TreeEntry:
    """One regular file at one commit."""

    path: str
    object_id: str
    size_bytes: int


class Repository:
    """One branch of one repository, as a local mirror."""

    def __init__(
        self, url: str, *, branch: str | None, home: Path, environment: Mapping[str, str]
    ) -> None:
        """``url`` is a folder or anything git fetches from; mirrors live under ``home/git``."""
        local = Path(url).expanduser()
        self.local = local.resolve() if local.is_dir() else None
        """The folder, when the repository is one on this machine; None for a remote one."""
        self.url = str(self.local) if self.local else url
        name = hashlib.sha256(self.url.encode()).hexdigest()[:16]
        self.mirror = home / "git" / f"{name}.git"
        self._git = Git(self.mirror, environment=environment)
        self._branch = branch
        self._environment = environment

    @property
    def branch(self) -> str:
        """The branch that is followed; asked for once when the settings leave it out."""
        if self._branch is None:
            self._branch = self._default_branch()
        return self._branch

    def fetch(self) -> Revision:
        """Bring the mirror up to date and return the branch's revision; SourceError when down."""
        self._ensure_mirror()
        ref = f"refs/heads/{self.branch}"
        listed = self._git.text("ls-remote", "--", self.url, ref).split()
        if not listed:
            problem = f"{self.url} has no branch {self.branch!r}"
            raise SourceError(problem, fix="commit something, or set TRUEUP_BRANCH")
        if not self._git.succeeds("cat-file", "-e", f"{listed[0]}^{{commit}}"):
            # `+`: a force push upstream moves the mirror too; what was promoted stays recorded.
            self._git.run("fetch", "--quiet", "--no-tags", "--", self.url, f"+{ref}:{ref}")
        self._git.run("update-ref", ref, listed[0])
        return revision(self.branch, listed[0])

    def resolve(self, name: str) -> Revision:
        """Name the commit that a branch, tag or commit id stands for in the source itself."""
        self.fetch()
        self._git.run("fetch", "--quiet", "--no-tags", "--", self.url, name)
        return revision(name, self._git.text("rev-parse", "FETCH_HEAD^{commit}"))

    def list_files(self, at: Revision, under: str) -> list[str]:
        """Paths of all regular files below ``under`` at a revision, sorted."""
        return sorted(entry.path for entry in self._entries(at, [under]))

    def read_files(self, at: Revision, paths: Iterable[str]) -> dict[str, bytes]:
        """Read files at a revision. What is absent, not a regular file or huge is left out."""
        wanted = list(paths)
        small = [
            entry for entry in self._entries(at, wanted) if entry.size_bytes <= LARGEST_FILE_BYTES
        ]
        return self._read(small)

    def export(self, at: Revision, folder: str, into: Path) -> None:
        """Write the regular files below ``folder`` at a revision under ``into``."""
        entries = self._entries(at, [folder])
        contents = self._read(entries)
        for path, data in contents.items():
            target = into / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(data)

    def tree_id(self, at: Revision, folder: str) -> str | None:
        """Return git's own hash of a folder at a revision; None when there is none."""
        try:
            return self._git.text("rev-parse", f"{commit_of(at)}:{folder}")
        except SourceError:
            return None

    def contains(self, earlier: Revision, *, at: Revision) -> bool:
        """Whether ``earlier`` is ``at`` or one of its ancestors."""
        return self._git.succeeds("merge-base", "--is-ancestor", commit_of(earlier), commit_of(at))

    def _entries(self, at: Revision, paths: list[str]) -> list[TreeEntry]:
        if not paths:
            return []
        listing = self._git.names("ls-tree", "-r", "-l", "-z", commit_of(at), "--", *paths)
        entries = []
        for line in listing:
            facts, _, path = line.partition("\t")
            mode, _kind, object_id, size = facts.split()
            if mode in REGULAR_FILE_MODES:
                entries.append(TreeEntry(path, object_id, int(size)))
        return entries

    def _read(self, entries: list[TreeEntry]) -> dict[str, bytes]:
        if not entries:
            return {}
        asked = "".join(f"{entry.object_id}\n" for entry in entries).encode()
        answer = self._git.run("cat-file", "--batch", stdin=asked)
        contents: dict[str, bytes] = {}
        position = 0
        for entry in entries:
            start = answer.index(b"\n", position) + 1
            contents[entry.path] = answer[start : start + entry.size_bytes]
            position = start + entry.size_bytes + 1
        return contents

    def _ensure_mirror(self) -> None:
        if (self.mirror / "HEAD").exists():
            return
        self.mirror.mkdir(parents=True, exist_ok=True)
        self._git.run("init", "--quiet", "--bare", ".")

    def _default_branch(self) -> str:
        """``main`` or ``master`` before HEAD: in a working folder HEAD is whatever is checked out.

        A controller that is started again while somebody works on a branch must not follow it.
        """
        self._ensure_mirror()
        listed = self._git.text("ls-remote", "--symref", "--", self.url).splitlines()
        heads = {line.partition("refs/heads/")[2] for line in listed if "\trefs/heads/" in line}
        for name in USUAL_BRANCHES:
            if name in heads:
                return name
        for line in listed:
            if line.startswith("ref: refs/heads/"):
                return line.removeprefix("ref: refs/heads/").split("\t")[0]
        raise SourceError(
            f"{self.url} has no commit yet", fix="make a first commit, or run: trueup init DIR"
        )
