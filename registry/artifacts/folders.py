"""Folders as values: put one into a store, and get exactly it out again."""

import json
import shutil
import tempfile
from pathlib import Path, PurePosixPath

from registry.artifacts.base import ArtifactStore, digest_file
from registry.errors import RefusedError
from registry.records import Files

SAFE_SUFFIXES = frozenset({".safetensors", ".json", ".txt", ".md", ".jsonl", ".jinja"})
_LENGTH_BYTES = 8
_LONGEST_HEADER_BYTES = 100_000_000
_SAMPLE_BYTES = 65_536


def put_folder(store: ArtifactStore, folder: Path) -> Files:
    """Store all files of a folder and return what it holds.

    Raises:
        RefusedError: the folder holds a link or something else that is not a plain file.
    """
    return {
        path.relative_to(folder).as_posix(): store.put_file(path) for path in _plain_files(folder)
    }


def materialise(store: ArtifactStore, files: Files, into: Path) -> None:
    """Make ``into`` a folder with exactly these files, each verified.

    The folder appears complete or not at all. One that is complete already is left alone; one
    that is not what it should be is replaced.

    Raises:
        RefusedError: a path would leave the folder.
        NotFoundError: a file is not in the store.
        ArtifactCorruptError: a stored file is not what its digest says.
    """
    for path in files:
        _refuse_escape(path)
    if _is_complete(files, into):
        return
    into.parent.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(dir=into.parent, prefix=f".{into.name}-"))
    try:
        for path, blob in files.items():
            target = temporary / path
            target.parent.mkdir(parents=True, exist_ok=True)
            store.fetch(blob.digest, target)
        temporary.chmod(0o755)
        _put_in_place(temporary, into)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def refuse_pickles(folder: Path) -> None:
    """Refuse whatever could run code when it is loaded: by name, and by what is inside.

    Raises:
        RefusedError: a file is not safetensors, JSON or text, whatever its name says.
    """
    for path in _plain_files(folder):
        name = path.relative_to(folder).as_posix()
        if path.suffix not in SAFE_SUFFIXES:
            raise _unsafe(name, f"files that end in {path.suffix or 'nothing'} are not accepted")
        if not _CHECKS.get(path.suffix, _is_text)(path):
            raise _unsafe(name, f"it is not what {path.suffix} files hold")


def _unsafe(name: str, problem: str) -> RefusedError:
    fix = "keep weights as .safetensors and everything else as JSON or text"
    return RefusedError(f"{name}: {problem}", fix=fix)


def _plain_files(folder: Path) -> list[Path]:
    found = []
    for path in sorted(folder.rglob("*")):
        if path.is_symlink() or not (path.is_file() or path.is_dir()):
            name = path.relative_to(folder).as_posix()
            raise RefusedError(f"{name} is not a plain file", fix="copy what it points at")
        if path.is_file():
            found.append(path)
    return found


def _refuse_escape(path: str) -> None:
    parts = PurePosixPath(path).parts
    is_inside = bool(parts) and not path.startswith("/") and ".." not in parts
    if not is_inside or "\\" in path or "\0" in path:
        raise RefusedError(f"the path {path!r} leaves its folder")


def _is_complete(files: Files, folder: Path) -> bool:
    if not folder.is_dir() or folder.is_symlink():
        return False
    found = {path.relative_to(folder).as_posix(): path for path in _plain_files(folder)}
    return found.keys() == set(files) and all(
        found[path].stat().st_size == blob.size_bytes and digest_file(found[path]) == blob.digest
        for path, blob in files.items()
    )


def _put_in_place(temporary: Path, into: Path) -> None:
    if into.exists():
        # Only one that is damaged stands here. Nobody may see the folder half gone.
        aside = Path(tempfile.mkdtemp(dir=into.parent, prefix=f".{into.name}-damaged-"))
        into.replace(aside / into.name)
        shutil.rmtree(aside)
    try:
        temporary.replace(into)
    except OSError:
        # Another process was faster, with the same content.
        if not into.is_dir():
            raise


def _is_safetensors(path: Path) -> bool:
    """Whether the file begins as safetensors does: a length, then a JSON object that long."""
    size = path.stat().st_size
    with path.open("rb") as file:
        length = int.from_bytes(file.read(_LENGTH_BYTES), "little")
        if not 1 < length <= min(_LONGEST_HEADER_BYTES, size - _LENGTH_BYTES):
            return False
        header = file.read(length)
    try:
        return isinstance(json.loads(header), dict)
    except ValueError:
        return False


def _is_json(path: Path) -> bool:
    return _is_text(path) and _parses(path.read_bytes())


def _is_json_lines(path: Path) -> bool:
    if not _is_text(path):
        return False
    with path.open("rb") as lines:
        return all(_parses(line) for line in lines if line.strip())


def _parses(document: bytes) -> bool:
    try:
        json.loads(document)
    except (ValueError, RecursionError):
        return False
    return True


def _is_text(path: Path) -> bool:
    """Whether the file is UTF-8 without control bytes; every pickle since protocol 2 has some.

    Older ones are plain ASCII: as a ``.txt`` nobody unpickles them, as JSON they do not parse.
    """
    with path.open("rb") as file:
        while sample := file.readline(_SAMPLE_BYTES):
            if b"\0" in sample or b"\x80" in sample[:1]:
                return False
    try:
        with path.open(encoding="utf-8") as text:
            while text.read(_SAMPLE_BYTES):
                pass
    except UnicodeDecodeError:
        return False
    return True


_CHECKS = {".safetensors": _is_safetensors, ".json": _is_json, ".jsonl": _is_json_lines}
"""Suffix → whether the content is what it says; everything else that is accepted is text."""
