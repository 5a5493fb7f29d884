"""``.dvc`` files: which content a committed path stands for. Pure; DVC itself is not imported."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from controller.errors import DataError
from specs.errors import Place
from specs.names import Digest

SUFFIX = ".dvc"
_MD5 = re.compile(r"^[0-9a-f]{32}(\.dir)?$")
_REPAIR = "run `dvc add` on the file again, and commit the .dvc file that it writes"


@dataclass(frozen=True)
class DvcFile:
    """What one ``.dvc`` file says about the one file that it tracks."""

    hash: Digest
    size_bytes: int | None
    remote: str | None
    """The remote that this file alone is kept in; None: the repository's default."""
    cloud: Mapping[str, Any] = field(default_factory=dict)
    """Where a version-aware remote keeps it (DVC's ``cloud`` entry)."""


def dvc_path(path: str) -> str:
    """Path of the ``.dvc`` file that tracks ``path``."""
    return path + SUFFIX


def parse_dvc(content: bytes, *, path: str = "data.dvc") -> Digest:
    """Return the hash (``md5:<32 hex>``) of the file that a ``.dvc`` file tracks.

    Args:
        content: The bytes of the ``.dvc`` file.
        path: Its path in the repository, for the error.

    Raises:
        DataError: It is not a ``.dvc`` file of one single file, hashed by DVC 3.
    """
    return read_dvc(content, path=path).hash


def read_dvc(content: bytes, *, path: str) -> DvcFile:
    """Return all that Trueup uses of a ``.dvc`` file; raises as ``parse_dvc`` does."""
    out = _only_output(_mapping(content, path), path)
    md5 = out.get("md5")
    if not isinstance(md5, str) or not _MD5.match(md5):
        raise _broken(path, "its output has no md5 hash")
    if md5.endswith(".dir"):
        problem = f"{path} tracks a folder; a dataset is one csv, jsonl or parquet file"
        raise _error(path, problem, fix="run `dvc add` on the file itself")
    if out.get("hash") != "md5":
        problem = "it was written by DVC 2, whose hashes differ"
        raise _error(path, problem, fix="run `dvc cache migrate --dvc-files`, commit, and push")
    size, remote, cloud = out.get("size"), out.get("remote"), out.get("cloud")
    return DvcFile(
        hash=Digest(f"md5:{md5}"),
        size_bytes=size if isinstance(size, int) else None,
        remote=remote if isinstance(remote, str) else None,
        cloud=cloud if isinstance(cloud, Mapping) else {},
    )


def _mapping(content: bytes, path: str) -> Mapping[str, Any]:
    try:
        document = YAML(typ="safe", pure=True).load(content.decode())
    except UnicodeDecodeError as error:
        raise _broken(path, "it is not text") from error
    except YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = None if mark is None else mark.line + 1
        raise _broken(path, "it is not valid YAML", line=line) from error
    if not isinstance(document, Mapping):
        raise _broken(path, "it has no outs")
    return document


def _only_output(document: Mapping[str, Any], path: str) -> Mapping[str, Any]:
    outs = document.get("outs")
    if not isinstance(outs, list) or len(outs) != 1 or not isinstance(outs[0], Mapping):
        raise _broken(path, "it needs exactly one entry in outs")
    if outs[0].get("cache") is False:
        problem = "its output has `cache: false`, so DVC does not keep it"
        raise _error(path, problem, fix="track the file with `dvc add`")
    return outs[0]


def _broken(path: str, problem: str, *, line: int | None = None) -> DataError:
    return _error(path, f"the .dvc file is broken: {problem}", fix=_REPAIR, line=line)


def _error(path: str, problem: str, *, fix: str, line: int | None = None) -> DataError:
    return DataError(problem, place=Place(path, line), reason="DvcFileInvalid", fix=fix)
