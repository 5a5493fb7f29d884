"""Paths in a repository, as specs name them: none leaves its root."""

from collections.abc import Sequence
from pathlib import PurePosixPath
from typing import Annotated

from pydantic import AfterValidator
from pydantic_core import PydanticCustomError

DATA_SUFFIXES = (".csv", ".jsonl", ".parquet")
OWN_SUFFIXES = (".csv", ".jsonl")


def why_not_inside(path: str) -> str | None:
    """Say why ``path`` names no file of the repository; None when it does."""
    if not path or path != path.strip() or not path.isprintable():
        return "is not a path"
    if "\\" in path:
        return "has backslashes; write / between folders"
    if path.startswith(("/", "~")) or path[1:2] == ":":
        return "is absolute; paths start at the root of the repository"
    if "://" in path:
        return "is a URL; data is a file of the repository, tracked by DVC"
    parts = path.split("/")
    if ".." in parts:
        return "leaves its folder with '..'"
    return "names git's own folder" if ".git" in parts else None


def _data_file(path: str) -> str:
    return _table(path, DATA_SUFFIXES)


def _own_file(path: str) -> str:
    return _table(path, OWN_SUFFIXES)


def _own_schema(path: str) -> str:
    return _table(path, (".json",))


def _own_yaml(path: str) -> str:
    return _table(path, (".yaml", ".yml"))


def _own_rows(path: str) -> str:
    return _table(path, (".jsonl",))


def _own_text(path: str) -> str:
    return _table(path, (".md", ".txt"))


def _table(path: str, suffixes: Sequence[str]) -> str:
    problem = why_not_inside(path)
    if problem is not None:
        raise _error(f"{path!r} {problem}", "write it like data/train.csv")
    plain = str(PurePosixPath(path))
    if plain != path:
        raise _error(f"{path!r} is not in its plain form", f"write {plain}")
    if path.endswith(".dvc"):
        raise _error(
            f"{path!r} is DVC's pointer", f"name the data itself: {path.removesuffix('.dvc')}"
        )
    if not path.lower().endswith(tuple(suffixes)):
        raise _error(f"{path!r} has a suffix that is not known", f"use {', '.join(suffixes)}")
    return path


def _base_model(name: str) -> str:
    problem = why_not_inside(name)
    if problem is None and any(part in {"", "."} for part in name.split("/")):
        problem = "has an empty part"
    if problem is None and " " in name:
        problem = "has a space in it"
    if problem is not None:
        fix = "name a model of the Hugging Face hub, or a folder of the repository"
        raise _error(f"{name!r} {problem}", fix)
    return name


def _error(problem: str, fix: str) -> PydanticCustomError:
    # The text is handed over as a fact: pydantic would read braces in a template.
    return PydanticCustomError("path", "{problem}", {"problem": problem, "fix": fix})


DataFile = Annotated[str, AfterValidator(_data_file)]
"""A dataset: a path from the repository's root, tracked by ``<path>.dvc``."""

OwnFile = Annotated[str, AfterValidator(_own_file)]
"""A small file for evaluation: a path from the repository's root, tracked by git or by DVC."""

OwnSchema = Annotated[str, AfterValidator(_own_schema)]
"""A JSON schema, like ``OwnFile``."""

OwnText = Annotated[str, AfterValidator(_own_text)]
"""A text, like ``OwnFile``."""

OwnYaml = Annotated[str, AfterValidator(_own_yaml)]
"""A YAML file, like ``OwnFile``."""

OwnRows = Annotated[str, AfterValidator(_own_rows)]
"""A file with one JSON object a line, like ``OwnFile``."""

BaseModelName = Annotated[str, AfterValidator(_base_model)]
"""Hub id, path in the repository, or ``registry:model@alias``."""
