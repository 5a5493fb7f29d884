"""Fetch DVC-tracked files of one commit into the shared cache, with DVC itself.

DVC runs as a child process in a temporary folder that holds two files written here: a
configuration with nothing but the remote, and a ``.dvc`` file with nothing but the hash. So what a
repository declares beyond data (stages, commands, imports) never reaches DVC, and the user's
working tree is neither read nor changed.
"""

import hashlib
import importlib.util
import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from controller.data.committed import read_committed
from controller.data.dvc_files import DvcFile, dvc_path, read_dvc
from controller.data.remotes import (
    CONFIG_PATH,
    SAFE_OPTIONS,
    SECRET_OPTIONS,
    Remotes,
    choose_remote,
    locate,
    overlay,
    parse_remotes,
    render_config,
)
from controller.errors import DataError
from specs.errors import Place

_CHUNK_BYTES = 1 << 20
_TARGET = "data"


@dataclass(frozen=True)
class Repository:
    """A repository at one commit, as a job is told of it."""

    url: str
    """Folder or URL, as the settings name it."""
    mirror: Path | None
    """A bare clone on this machine; None: ``url`` is a folder itself."""
    commit: str

    @property
    def git_folder(self) -> Path:
        """Where git's objects are."""
        return self.mirror or self._folder

    @property
    def dvc_folder(self) -> Path | None:
        """``.dvc`` of a repository on this machine: what relative remotes are relative to."""
        folder = self._folder.absolute() / ".dvc"
        return folder if folder.is_dir() else None

    @property
    def _folder(self) -> Path:
        return Path(self.url.removeprefix("file://"))


def cached_path(cache: Path, md5: str) -> Path:
    """Where DVC's cache keeps the content with this hash (``md5:<hex>``)."""
    digits = md5.removeprefix("md5:")
    return cache / "files" / "md5" / digits[:2] / digits[2:]


def fetch(repository: Repository, path: str, wanted: str, *, cache: Path) -> Path:
    """Return the verified file with content ``wanted``, fetched when the cache does not have it.

    Args:
        repository: Where ``<path>.dvc`` is committed.
        path: The tracked file, as the spec names it.
        wanted: Its hash, ``md5:<hex>``.
        cache: The shared cache folder.

    Raises:
        DataError: No remote, nothing there, not reachable, or other content than its hash says.
    """
    found = cached_path(cache, wanted)
    if found.exists():
        if md5_of(found) == wanted:
            return found
        # DVC trusts a read-only cache file without reading it, so a damaged one has to go first.
        found.unlink()
    tracked = _tracked(repository, path)
    remotes, name = _remote_of(repository, tracked, path)
    with tempfile.TemporaryDirectory(prefix="trueup-dvc-") as folder:
        site = Path(folder, "site")
        config = render_config(remotes, name, cache=cache.absolute(), site=site)
        said = _run_dvc(Path(folder), config, _dvc_file(wanted, tracked))
    if not found.exists():
        raise _not_fetched(path, wanted, said, f"{name!r} ({remotes.options[name]['url']})")
    if md5_of(found) != wanted:
        found.unlink()
        problem = f"{path}: what the remote {name!r} holds as {wanted} has another hash"
        raise DataError(
            problem, reason="DataCorrupt", fix="push it again from a good copy: `dvc push`"
        )
    return found


def md5_of(path: Path) -> str:
    """Hash a file as DVC does, ``md5:<hex>``."""
    md5 = hashlib.md5(usedforsecurity=False)
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK_BYTES):
            md5.update(chunk)
    return f"md5:{md5.hexdigest()}"


def _tracked(repository: Repository, path: str) -> DvcFile:
    content = read_committed(repository.git_folder, repository.commit, dvc_path(path))
    if content is None:
        raise DataError(
            f"commit {repository.commit[:12]} has no {dvc_path(path)}",
            place=Place(path),
            reason="DvcFileAbsent",
            fix=f"run `dvc add {path}`, commit {dvc_path(path)}, and `dvc push`",
        )
    return read_dvc(content, path=dvc_path(path))


def _remote_of(repository: Repository, tracked: DvcFile, path: str) -> tuple[Remotes, str]:
    content = read_committed(repository.git_folder, repository.commit, CONFIG_PATH) or b""
    committed = parse_remotes(content.decode(errors="replace"), path=CONFIG_PATH)
    remotes = overlay(committed, _local_remotes(repository))
    name = choose_remote(remotes, tracked.remote, tracked_by=path)
    return locate(remotes, name, dvc_folder=repository.dvc_folder), name


def _local_remotes(repository: Repository) -> Remotes:
    folder = repository.dvc_folder
    file = None if folder is None else folder / "config.local"
    if file is None or not file.is_file():
        return Remotes(None)
    text = file.read_text(errors="replace")
    return parse_remotes(text, path=str(file), allowed=SAFE_OPTIONS | SECRET_OPTIONS)


def _run_dvc(folder: Path, config: str, dvc_file: str) -> str:
    """Run ``dvc fetch`` in a folder of its own; return what it printed."""
    if importlib.util.find_spec("dvc") is None:
        problem = "DVC is not installed, so the data cannot be fetched"
        raise DataError(problem, reason="DvcAbsent", fix="pip install 'trueup[data]'")
    (folder / ".dvc").mkdir()
    (folder / ".dvc" / "config").write_text(config)
    (folder / f"{_TARGET}.dvc").write_text(dvc_file)
    command = [sys.executable, "-m", "dvc", "fetch", f"{_TARGET}.dvc"]
    done = subprocess.run(command, cwd=folder, check=False, capture_output=True, text=True)
    return f"{done.stdout}\n{done.stderr}"


def _dvc_file(wanted: str, tracked: DvcFile) -> str:
    """Write a ``.dvc`` file that says nothing but which content; JSON is YAML."""
    out: dict[str, object] = {
        "md5": wanted.removeprefix("md5:"),
        "hash": "md5",
        "path": _TARGET,
        "size": tracked.size_bytes,
        "remote": tracked.remote,
        "cloud": _plain(tracked.cloud),
    }
    return json.dumps({"outs": [{key: value for key, value in out.items() if value}]})


def _plain(cloud: Mapping[str, object]) -> dict[str, dict[str, str]]:
    return {
        str(remote): {str(key): str(value) for key, value in entry.items()}
        for remote, entry in cloud.items()
        if isinstance(entry, Mapping)
    }


def _not_fetched(path: str, wanted: str, said: str, remote: str) -> DataError:
    errors = [line.removeprefix("ERROR: ") for line in said.splitlines() if "ERROR: " in line]
    if errors:
        unreachable = DataError(
            f"{path} cannot be fetched from the DVC remote {remote}: {errors[-1]}",
            reason="DvcRemoteUnreachable",
            fix="check the remote with `dvc status --cloud` on this machine, and its credentials",
        )
        unreachable.is_transient = True
        return unreachable
    return DataError(
        f"{path} ({wanted}) is not in the DVC remote {remote}",
        reason="DataAbsent",
        # No commit follows a push, so nothing but a person says that it is worth another look.
        fix=f"run `dvc push {dvc_path(path)}` where the file is, then `trueup reconcile NAME`",
    )
