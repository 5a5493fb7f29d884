"""What an artifact store can do. No caller ever names a location, only content."""

import hashlib
import re
from pathlib import Path
from typing import BinaryIO, Protocol

from registry.errors import NotFoundError
from registry.records import Blob
from specs.names import Digest

CHUNK_BYTES = 1 << 20
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


class ArtifactStore(Protocol):
    """Content-addressed, immutable files."""

    def put_file(self, path: Path) -> Blob:
        """Store a file's bytes; nothing happens when they are stored already."""
        ...

    def put_bytes(self, data: bytes) -> Blob:
        """Store bytes; nothing happens when they are stored already."""
        ...

    def open(self, digest: Digest) -> BinaryIO:
        """Open stored bytes for reading, unverified: for readers that check them on the way.

        Raises:
            NotFoundError: nothing is stored under this digest.
        """
        ...

    def read_bytes(self, digest: Digest) -> bytes:
        """Return stored bytes, verified.

        Raises:
            NotFoundError: nothing is stored under this digest.
            ArtifactCorruptError: the bytes are not what the digest says.
        """
        ...

    def fetch(self, digest: Digest, to: Path) -> None:
        """Write stored bytes to a file, verified; the file appears complete or not at all.

        Raises:
            NotFoundError: nothing is stored under this digest.
            ArtifactCorruptError: the bytes are not what the digest says.
        """
        ...

    def contains(self, digest: Digest) -> bool:
        """Whether something is stored under this digest."""
        ...

    def discard(self, digest: Digest) -> None:
        """Forget stored bytes that nobody will ask for again; nothing happens without them."""
        ...


def hex_of(digest: Digest) -> str:
    """Return the 64 hex digits, the only part of a digest that may become a path.

    Raises:
        NotFoundError: it is not a well-formed sha256 digest, so nothing can be stored under it.
    """
    if not _DIGEST.fullmatch(digest):
        raise NotFoundError("artifact", digest, fix="a digest is sha256: and 64 hex digits")
    return digest.removeprefix("sha256:")


def copy_and_digest(source: BinaryIO, into: BinaryIO) -> Blob:
    """Copy all bytes and say what they were."""
    hasher = hashlib.sha256()
    size = 0
    while chunk := source.read(CHUNK_BYTES):
        hasher.update(chunk)
        into.write(chunk)
        size += len(chunk)
    return Blob(digest=Digest("sha256:" + hasher.hexdigest()), size_bytes=size)


def digest_file(path: Path) -> Digest:
    """Digest a file's bytes."""
    with path.open("rb") as file:
        return Digest("sha256:" + hashlib.file_digest(file, "sha256").hexdigest())
