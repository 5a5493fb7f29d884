"""YAML text → plain values that know their lines. Bounded: no file can make the loader slow.

Only what JSON can say is read: mappings with text keys, lists, text, numbers, true, false, null.
Tags, merge keys and duplicate keys are problems; aliases are read, up to a number of values. The
first syntax error ends the reading of a file, every other problem is collected.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.composer import Composer
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode
from ruamel.yaml.reader import ReaderError

from specs.errors import Place, SpecError
from specs.problems import Loc, Problem, dotted
from specs.yaml_syntax import TOO_MUCH, explain

MAX_BYTES = 64 * 1024
"""About twenty times the longest honest spec; ruamel reads 64 KiB in about a second."""
MAX_DEPTH = 32
MAX_VALUES = 10_000
"""Values after aliases are followed: an alias bomb ends here."""

_FLOAT_WORD = re.compile(r"^([-+]?)\.(inf|nan)$", re.IGNORECASE)
_TAG = "tag:yaml.org,2002:"


@dataclass(frozen=True)
class Spot:
    """A 1-based line and column."""

    line: int
    column: int


@dataclass(frozen=True)
class Document:
    """The value of one YAML file, and where each part of it stands."""

    path: str
    value: Any
    keys: Mapping[Loc, Spot]
    values: Mapping[Loc, Spot]

    def error(self, problem: Problem) -> SpecError:
        """Give ``problem`` its place: its own, or that of the nearest parent that exists."""
        spot = self._spot(problem.loc, self.keys if problem.at_key else self.values)
        place = Place(self.path, spot.line, spot.column, dotted(problem.loc) or None)
        return SpecError(place, problem.text, fix=problem.fix)

    def _spot(self, loc: Loc, first: Mapping[Loc, Spot]) -> Spot:
        if loc in first:
            return first[loc]
        known = (loc[:end] for end in range(len(loc), -1, -1))
        found = (self.keys.get(parent) or self.values.get(parent) for parent in known)
        return next(spot for spot in found if spot is not None)  # the root always stands somewhere


@dataclass
class _Reader:
    """Turns nodes into plain values, noting where each stands and what is wrong with it."""

    yaml: YAML
    keys: dict[Loc, Spot] = field(default_factory=dict)
    values: dict[Loc, Spot] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    count: int = 0

    def read(self, node: Node, loc: Loc) -> Any:
        self.count += 1
        if self.count > MAX_VALUES or len(loc) > MAX_DEPTH:
            raise _TooMuchError
        if node.start_mark != node.end_mark or loc not in self.keys:
            self.values[loc] = _spot(node.start_mark)
        match node:
            case MappingNode():
                return self._mapping(node, loc)
            case SequenceNode():
                return [self.read(item, (*loc, i)) for i, item in enumerate(node.value)]
            case _:
                return self._scalar(node, loc)

    def _mapping(self, node: MappingNode, loc: Loc) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key_node, value_node in node.value:
            key = self._key(key_node, loc)
            if key is None:
                continue
            at = (*loc, key)
            if key in found:
                text = f"{key!r} stands twice in one mapping, first on line {self.keys[at].line}"
                self.keys[at] = _spot(key_node.start_mark)
                self.problems.append(Problem(at, text, "keep one of the two", at_key=True))
                continue
            self.keys[at] = _spot(key_node.start_mark)
            found[key] = self.read(value_node, at)
        return found

    def _key(self, node: Node, loc: Loc) -> str | None:
        if isinstance(node, ScalarNode) and node.tag == f"{_TAG}str":
            return self._text(node, loc)
        spelled = node.value if isinstance(node, ScalarNode) else "a list or mapping"
        self.keys[(*loc, str(spelled))] = _spot(node.start_mark)
        fix = f'quote it: "{spelled}"' if isinstance(node, ScalarNode) else "use text as the key"
        if spelled == "<<":
            fix = "merge keys are not supported: write the fields out"
        problem = Problem((*loc, str(spelled)), "a key must be text", fix, at_key=True)
        self.problems.append(problem)
        return None

    def _scalar(self, node: Node, loc: Loc) -> Any:
        tag = (node.tag or "").removeprefix(_TAG)
        if tag in {"str", "timestamp"}:
            return self._text(node, loc)
        if tag not in _SCALARS:
            problem = Problem(loc, f"the YAML tag {tag} is not supported", "remove the tag")
            self.problems.append(problem)
            return None
        try:
            return _SCALARS[tag](self.yaml, node)
        except (ValueError, LookupError):
            said = f"{node.value[:40]!r} cannot be read as {tag}"
            self.problems.append(Problem(loc, said, "write it plainly, or quote it as text"))
            return None

    def _text(self, node: Node, loc: Loc) -> str:
        text = str(node.value)
        if any("\ud800" <= letter <= "\udfff" for letter in text):
            self.problems.append(Problem(loc, "half of a surrogate pair is not text"))
            return text.encode(errors="replace").decode()
        return text


_SCALARS: Mapping[str, Callable[[YAML, Node], Any]] = {
    "null": lambda _yaml, _node: None,
    "bool": lambda yaml, node: yaml.constructor.construct_yaml_bool(node),
    "int": lambda yaml, node: yaml.constructor.construct_yaml_int(node),
    "float": lambda _yaml, node: float(_FLOAT_WORD.sub(r"\1\2", node.value)),
}


class _TooMuchError(Exception):
    """The file says more, or nests deeper, than a spec can."""


class _BoundedComposer(Composer):
    """ruamel's composer, that gives up on deep nesting before Python's stack does."""

    depth = 0

    def compose_node(self, parent: Any, index: Any) -> Any:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise _TooMuchError
        node = super().compose_node(parent, index)
        self.depth -= 1
        return node


def read_yaml(path: str, data: bytes) -> tuple[Document | None, list[SpecError]]:
    """Read the one document of a YAML file.

    Returns:
        The document, or None when there is none to look at, and every problem found.
    """
    if len(data) > MAX_BYTES:
        text = f"the file has {len(data):,} bytes; a spec has at most {MAX_BYTES:,}"
        return None, [SpecError(Place(path), text, fix="a spec names data, it does not hold it")]
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        return None, [_not_utf8(path, data, error)]
    reader = _Reader(_bounded_yaml())
    try:
        node = reader.yaml.compose(text)
        value = None if node is None else reader.read(node, ())
    except (_TooMuchError, YAMLError, ValueError, LookupError) as error:
        # ruamel lets some mistakes out as Python's own errors: an escape beyond Unicode, a version.
        return None, [_unreadable(path, text, error)]
    if value is None and not reader.problems:
        fix = "declare a model in it, or delete it"
        return None, [SpecError(Place(path, 1, 1), "the file is empty", fix=fix)]
    document = Document(path, value, reader.keys, reader.values)
    return document, [document.error(problem) for problem in reader.problems]


def _bounded_yaml() -> YAML:
    yaml = YAML(typ="safe", pure=True)
    yaml.Composer = _BoundedComposer
    yaml.composer.warn_double_anchors = False  # the last one counts, as in YAML
    return yaml


def _unreadable(path: str, text: str, error: Exception) -> SpecError:
    match error:
        case ReaderError():
            return _bad_character(path, text, error)
        case MarkedYAMLError():
            return explain(path, error)
        case _TooMuchError():
            return SpecError(Place(path), TOO_MUCH, fix="check its indentation and its aliases")
        case _:
            return SpecError(Place(path), f"not YAML: {error}")


def _spot(mark: Any) -> Spot:
    return Spot(mark.line + 1, mark.column + 1)


def _after(path: str, before: str) -> Place:
    return Place(path, before.count("\n") + 1, len(before) - before.rfind("\n"))


def _not_utf8(path: str, data: bytes, error: UnicodeDecodeError) -> SpecError:
    before = data[: error.start].decode("utf-8", errors="replace")
    text = f"byte 0x{data[error.start]:02x} is not valid UTF-8"
    return SpecError(_after(path, before), text, fix="save the file as UTF-8")


def _bad_character(path: str, text: str, error: ReaderError) -> SpecError:
    problem = f"the character U+{ord(text[error.position]):04X} is not allowed in YAML"
    return SpecError(_after(path, text[: error.position]), problem, fix="remove it")
