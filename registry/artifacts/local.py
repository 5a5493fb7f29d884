"""Artifacts in a local folder: ``<root>/<2 hex>/<62 hex>``, read-only files."""

import io
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from registry.artifacts.base import copy_and_digest, digest_file, hex_of
from registry.errors import ArtifactCorruptError, NotFoundError
from registry.records import Blob
from specs.names import Digest

READ_ONLY = 0o444
READABLE = 0o644


class LocalArtifacts:
    """An artifact store in one folder, safe for several processes at once."""

    def __init__(self, root: Path) -> None:
        """Use ``root``; it is made when the first artifact is put."""
        self._root = root

    def put_file(self, path: Path) -> Blob:
        """Store a file's bytes; nothing happens when they are stored already."""
        with path.open("rb") as source:
            return self._put(source)

    def put_bytes(self, data: bytes) -> Blob:
        """Store bytes; nothing happens when they are stored already."""
        return self._put(io.BytesIO(data))

    def open(self, digest: Digest) -> BinaryIO:
        """Open stored bytes for reading, unverified."""
        try:
            return self._path(digest).open("rb")
        except FileNotFoundError:
            raise NotFoundError("artifact", digest) from None

    def read_bytes(self, digest: Digest) -> bytes:
        """Return stored bytes, verified."""
        buffer = io.BytesIO()
        with self.open(digest) as source:
            _verify(digest, copy_and_digest(source, buffer))
        return buffer.getvalue()

    def fetch(self, digest: Digest, to: Path) -> None:
        """Write stored bytes to a file, verified; the file appears complete or not at all."""
        with self.open(digest) as source, _complete_or_absent(to.parent) as (file, place):
            _verify(digest, copy_and_digest(source, file))
            place(to, READABLE)

    def contains(self, digest: Digest) -> bool:
        """Whether something is stored under this digest."""
        return self._path(digest).is_file()

    def discard(self, digest: Digest) -> None:
        """Forget stored bytes that nobody will ask for again; nothing happens without them."""
        self._path(digest).unlink(missing_ok=True)

    def _put(self, source: BinaryIO) -> Blob:
        with _complete_or_absent(self._root) as (file, place):
            blob = copy_and_digest(source, file)
            path = self._path(blob.digest)
            # A stored file that rotted is replaced: putting the same bytes again heals it.
            if not path.is_file() or digest_file(path) != blob.digest:
                path.parent.mkdir(exist_ok=True)
                place(path, READ_ONLY)
        return blob

    def _path(self, digest: Digest) -> Path:
        name = hex_of(digest)
        return self._root / name[:2] / name[2:]


def _verify(digest: Digest, found: Blob) -> None:
    if found.digest != digest:
        raise ArtifactCorruptError(digest, found.digest)


class _Place:
    """Moves a finished temporary file to where it belongs."""

    def __init__(self, file: BinaryIO, path: Path) -> None:
        self._file = file
        self._path = path

    def __call__(self, target: Path, mode: int) -> None:
        self._file.flush()
        os.fsync(self._file.fileno())
        self._path.chmod(mode)
        self._path.replace(target)
        _sync_folder(target.parent)


@contextmanager
def _complete_or_absent(folder: Path) -> Iterator[tuple[BinaryIO, _Place]]:
    folder.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=folder, prefix=".incoming-")
    path = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            yield file, _Place(file, path)
    finally:
        path.unlink(missing_ok=True)


def _sync_folder(folder: Path) -> None:
    """Make a rename survive a power cut: the name is in the folder, not in the file."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
