"""A version's files, from the API into a folder: each checked against its digest."""

from collections.abc import Callable, Mapping
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO, Protocol

from registry.artifacts.base import digest_file
from registry.errors import ArtifactCorruptError, RefusedError
from specs.names import Digest

Tell = Callable[[str, int, int], None]
"""Told (file, bytes so far, bytes in all of the version) as the download goes on."""


class Downloads(Protocol):
    """What is asked of the API here."""

    def download(self, digest: str, into: BinaryIO, tell: Callable[[int], None]) -> None:
        """Write an artifact's bytes; ``tell`` hears of each piece's size."""


def fetch_version(
    api: Downloads, files: Mapping[str, Mapping[str, Any]], into: Path, tell: Tell
) -> None:
    """Write ``files`` (path → ``digest``, ``size_bytes``) below ``into``, which is empty.

    Raises:
        RefusedError: A path would leave the folder.
        ArtifactCorruptError: What arrived is not what its digest says.
    """
    total = sum(int(blob["size_bytes"]) for blob in files.values())
    done = 0
    for name, blob in sorted(files.items()):
        target = into / _inside(name)
        target.parent.mkdir(parents=True, exist_ok=True)

        def count(size: int, name: str = name) -> None:
            nonlocal done
            done += size
            tell(name, done, total)

        with target.open("wb") as file:
            api.download(blob["digest"], file, count)
        found = digest_file(target)
        if found != blob["digest"]:
            raise ArtifactCorruptError(Digest(blob["digest"]), found)


def _inside(name: str) -> PurePosixPath:
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or "\\" in name:
        raise RefusedError(f"the path {name!r} leaves its folder")
    return path
