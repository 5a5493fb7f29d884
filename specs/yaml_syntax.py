"""What a YAML parser complains about, in words that say what to change."""

import re
from typing import Any

from ruamel.yaml.error import MarkedYAMLError

from specs.errors import Place, SpecError

TOO_MUCH = "the file nests deeper, or holds more values, than any spec can"

_OPENED = re.compile("end of stream|flow sequence|flow mapping|simple key")
_INDENT = "check the indentation of this line and the one above"
_PLAIN_WORDS = (
    ("'\\t'", "a tab stands where YAML allows only spaces", "indent with spaces"),
    (
        "mapping values are not allowed",
        "a ':' stands where no field can be",
        f"{_INDENT}; quote a text that holds ': '",
    ),
    ("could not find expected ':'", "a field without ':'", "write it as 'name: value'"),
    ("expected <block end>", "the indentation does not fit the lines above", _INDENT),
    ("found unexpected end of stream", "a quote is opened here and never closed", "close it"),
    ("expected ',' or ']'", "a '[' is not closed, or a ',' is missing", "close it with ']'"),
    ("expected ',' or '}'", "a '{' is not closed, or a ',' is missing", "close it with '}'"),
    ("undefined alias", "an alias names no anchor", "define it with '&', or quote the '*'"),
    ("duplicate anchor", "an anchor is defined twice", "rename one of the two"),
    (
        "found another document",
        "a second document begins here; one file declares one model",
        "move it to a file of its own",
    ),
    (
        "that cannot start any token",
        "a value begins with a character that has a meaning in YAML",
        "put the value in quotes",
    ),
)


def explain(path: str, error: MarkedYAMLError) -> SpecError:
    """Say what a parser error means, where it is, and what to do about it."""
    said = f"{error.context or ''} {error.problem or ''}"
    for part, problem, fix in _PLAIN_WORDS:
        if part in said:
            return SpecError(_place(path, error), problem, fix=fix)
    return SpecError(_place(path, error), f"not YAML: {' '.join(said.split())}")


def _place(path: str, error: MarkedYAMLError) -> Place:
    mark: Any = error.problem_mark or error.context_mark
    if error.context_mark is not None and _OPENED.search(f"{error.context} {error.problem}"):
        mark = error.context_mark  # where it opens says more than where the parser gave up
    return Place(path) if mark is None else Place(path, mark.line + 1, mark.column + 1)
