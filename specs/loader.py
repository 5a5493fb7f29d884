"""Spec files → models: the way in. Pure: it is given bytes, and finds every error at once.

The controller, ``trueup validate`` and the tests call ``load_specs`` with the files of one commit.
A file with errors takes only its own model out; every other file loads as if it were not there.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import PurePosixPath
from typing import Any

from pydantic import ValidationError

from specs.errors import SpecError
from specs.model import ModelSpec
from specs.partial import with_stand_ins
from specs.problems import Loc, Problem, dotted, nearest
from specs.renames import Notice, modernise
from specs.rules import broken_rules
from specs.validation import problems_of
from specs.wording import describe
from specs.yaml_text import Document, read_yaml

SUFFIXES = (".yaml", ".yml")
_NAME: Loc = ("metadata", "name")
_REMEMBERED_FILES = 1024


@dataclass(frozen=True)
class LoadedSpec:
    """One valid spec, and the file that declares it."""

    path: str
    spec: ModelSpec
    notices: tuple[Notice, ...] = ()
    """What was written by an old name, and read as the new one."""
    gate_lines: tuple[int, ...] = ()
    """Line of each gate, for what only the data shows to be wrong."""


@dataclass(frozen=True)
class LoadResult:
    """What the spec files of one commit say."""

    models: Mapping[str, LoadedSpec]
    """By model name; only files without any error."""
    errors: Mapping[str, tuple[SpecError, ...]]
    """By path, in the order of the file; only files with errors."""
    names: Mapping[str, str]
    """Path → model name, as far as it could be read even from a file with errors."""


@dataclass(frozen=True)
class _Reading:
    """One file, looked at alone."""

    path: str
    document: Document | None
    spec: ModelSpec | None
    errors: tuple[SpecError, ...]
    notices: tuple[Notice, ...] = ()

    @property
    def name(self) -> str | None:
        """The model's name, even when the rest of the file is wrong."""
        value = self.document.value if self.document is not None else None
        for part in _NAME:
            value = value.get(part) if isinstance(value, dict) else None
        return value if isinstance(value, str) else None


def find_spec_files(paths: Iterable[str], specs_path: str) -> list[str]:
    """Pick the spec files: YAML anywhere below ``specs_path``, hidden files and folders aside."""
    folder = PurePosixPath(specs_path)
    return sorted(
        path
        for path in paths
        if path.endswith(SUFFIXES)
        and folder in PurePosixPath(path).parents
        and not any(part.startswith(".") for part in PurePosixPath(path).parts)
    )


def load_specs(files: Mapping[str, bytes]) -> LoadResult:
    """Load every spec file of a commit: path in the repository → its bytes.

    Never raises for anything that a file may hold: what is wrong is in ``LoadResult.errors``.
    """
    readings = [_read(path, files[path]) for path in sorted(files)]
    by_name: dict[str, list[_Reading]] = {}
    for reading in readings:
        if reading.name is not None:
            by_name.setdefault(reading.name, []).append(reading)
    models: dict[str, LoadedSpec] = {}
    errors: dict[str, tuple[SpecError, ...]] = {}
    for reading in readings:
        found = (*reading.errors, *_claimed_twice(reading, by_name))
        if found:
            errors[reading.path] = tuple(sorted(found, key=_by_place))
        else:
            assert reading.spec is not None, "a file without errors has a spec"
            models[reading.spec.name] = _loaded(reading, reading.spec)
    names = {reading.path: reading.name for reading in readings if reading.name is not None}
    return LoadResult(models, errors, names)


def _loaded(reading: _Reading, spec: ModelSpec) -> LoadedSpec:
    assert reading.document is not None, "a spec was read from it"
    places = reading.document.values
    lines = tuple(places["spec", "gates", index].line for index in range(len(spec.spec.gates)))
    return LoadedSpec(reading.path, spec, reading.notices, lines)


def _claimed_twice(reading: _Reading, by_name: Mapping[str, list[_Reading]]) -> list[SpecError]:
    """Say that another file declares the same model.

    A file that is valid but for this loses only to other valid ones: a broken copy of a spec does
    not take the model away from the file that works.
    """
    rivals = [
        other.path
        for other in by_name.get(reading.name or "", ())
        if other.path != reading.path and (reading.errors or not other.errors)
    ]
    if reading.document is None or not rivals:
        return []
    text = f"the model {reading.name!r} is declared by {' and '.join(rivals)} as well"
    return [reading.document.error(Problem(_NAME, text, "rename one, or delete one"))]


def _by_place(error: SpecError) -> tuple[int, int]:
    return error.place.line or 0, error.place.column or 0


@lru_cache(maxsize=_REMEMBERED_FILES)
def _read(path: str, data: bytes) -> _Reading:
    """Look at one file. Remembered by content: a commit pays for the specs that it changes."""
    document, errors = read_yaml(path, data)
    if document is None:
        return _Reading(path, None, None, tuple(errors))
    modern = modernise(document)
    document = modern.document
    spec, problems = _validate(document.value)
    errors = [*errors, *(document.error(problem) for problem in modern.problems)]
    known = {error.place.field for error in errors}
    found = [*errors, *(document.error(one) for one in problems if dotted(one.loc) not in known)]
    return _Reading(path, document, None if found else spec, tuple(found), modern.notices)


def _validate(value: Any) -> tuple[ModelSpec | None, list[Problem]]:
    problem = _other_kind(value)
    if problem is not None:
        return None, [problem]
    try:
        spec = ModelSpec.model_validate(value)
    except ValidationError as error:
        problems = problems_of(error.errors(include_url=False), value)
        wrong = [problem.loc for problem in problems]
        partial = with_stand_ins(value, wrong)
        more = [] if partial is None else broken_rules(partial, wrong=wrong)
        return None, [*problems, *more]
    return spec, broken_rules(spec)


def _other_kind(value: Any) -> Problem | None:
    """Recognise a file that is no spec at all: to list all its fields as errors helps nobody."""
    if not isinstance(value, dict):
        text = (
            f"expected a mapping with apiVersion, kind, metadata and spec, found {describe(value)}"
        )
        return Problem((), text, "compare with specs/examples/ of Trueup")
    kind = value.get("kind", "Model")
    if not isinstance(kind, str) or nearest(kind, ["Model"]) is not None:
        return None
    fix = "move it out of the specs folder, which holds nothing but models"
    return Problem(("kind",), f"this file declares kind {kind!r}, not a Model", fix)
