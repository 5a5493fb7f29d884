"""The tables of the spec's reference page: every field, from what the sections say.

``python -m specs.reference docs/spec/v1/model.md`` writes them between the two markers of the page;
examples come from ``everything.yaml`` beside it. A test fails while the page is not up to date.
"""

import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from types import NoneType
from typing import Any, Literal, get_args, get_origin

from pydantic_core import PydanticUndefined

from specs.fields import Field, all_fields, section_in
from specs.supported import DETECTORS_SO_FAR, WORKS_SO_FAR, words_of
from specs.yaml_text import read_yaml

BEGIN = "<!-- fields: made by python -m specs.reference -->"
END = "<!-- end of fields -->"
EXAMPLE = "everything.yaml"
_HEAD = "| field | value | default | example | meaning |\n|---|---|---|---|---|"
_WORDS = {str: "text", int: "whole number", float: "number", bool: "true, false", Any: "any"}
_WORKS = {f"spec.{name}": values for name, values in WORKS_SO_FAR} | {
    "spec.monitoring.detectors": DETECTORS_SO_FAR,
}
_LIMITS = {"ge": "≥", "gt": ">", "le": "≤", "lt": "<"}


def render(example: Mapping[str, Any]) -> str:
    """Return one table per section; ``example`` is a spec that gives every field a value."""
    tables: dict[str, list[str]] = {}
    for field in all_fields():
        parent = field.name.rpartition(".")[0]
        tables.setdefault(parent, []).append(_row(field, example))
    return "\n\n".join(
        f"### {f'`{parent}`' if parent else 'The file'}\n\n{_HEAD}\n" + "\n".join(rows)
        for parent, rows in tables.items()
    )


def fill(page: str, example: Mapping[str, Any]) -> str:
    """Return ``page`` with its tables made new."""
    before, _, rest = page.partition(BEGIN)
    after = rest.partition(END)[2]
    return f"{before}{BEGIN}\n\n{render(example)}\n\n{END}{after}"


def _row(field: Field, example: Mapping[str, Any]) -> str:
    cells = (
        f"`{field.name}`",
        value_words(field),
        _default(field),
        _example(field, example),
        _plain(field.meaning) + _not_yet(field),
    )
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _not_yet(field: Field) -> str:
    """Say what of a field this release does not do."""
    values = _WORKS.get(field.name)
    if values is None:
        return ""
    words = ", ".join(f"`{word}`" for word in words_of(values))
    return f" *So far only {words}.*" if words else " *Not supported yet.*"


def value_words(field: Field) -> str:
    """Say what a field may hold, with its limits."""
    limits = [
        f"{sign} {getattr(rule, name):,}"
        for rule in field.info.metadata
        for name, sign in _LIMITS.items()
        if getattr(rule, name, None) is not None
    ]
    words = ", ".join(dict.fromkeys(_type_words(field.info.annotation)))
    return f"{words} {' and '.join(limits)}".strip()


def _type_words(annotation: Any) -> Iterator[str]:
    origin, arguments = get_origin(annotation), get_args(annotation)
    if annotation in _WORDS:
        yield _WORDS[annotation]
    elif isinstance(annotation, type) and section_in(annotation) is not None:
        yield "mapping"
    elif origin is Literal:
        yield from (f"`{choice}`" for choice in arguments)
    elif origin is list:
        yield f"list of {' or '.join(_type_words(arguments[0]))}"
    elif origin is dict:
        yield f"mapping of names to {' or '.join(_type_words(arguments[1]))}"
    elif annotation is not NoneType:
        for argument in arguments:
            yield from _type_words(argument)


def _default(field: Field) -> str:
    default = field.info.default
    if default is PydanticUndefined:
        return "**required**"
    return "" if field.section is not None and default is not None else f"`{_yaml(default)}`"


def _example(field: Field, example: Mapping[str, Any]) -> str:
    if field.info.examples:
        return f"`{_yaml(field.info.examples[0])}`"
    value = _lookup(example, field.name.split("."))
    return "" if field.section is not None else f"`{_yaml(value)}`"


def _lookup(value: Any, parts: list[str]) -> Any:
    """Find a field's value; of a list or a mapping, in the first item that has it."""
    if not parts:
        return value
    if parts[0] == "*" and isinstance(value, dict):
        return _first(_lookup(item, parts[1:]) for item in value.values())
    name, is_list = parts[0].removesuffix("[]"), parts[0].endswith("[]")
    if not isinstance(value, dict) or name not in value:
        return None
    if not is_list:
        return _lookup(value[name], parts[1:])
    return _first(_lookup(item, parts[1:]) for item in value[name])


def _first(found: Iterable[Any]) -> Any:
    return next((one for one in found if one is not None), None)


def _yaml(value: Any) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return str(value).lower()
        case float():
            return f"{value:g}"
        case list():
            return f"[{', '.join(_yaml(one) for one in value)}]"
        case dict():
            return "{" + ", ".join(f"{key}: {_yaml(one)}" for key, one in value.items()) + "}"
        case _:
            return str(value)


def _plain(docstring: str) -> str:
    return " ".join(docstring.split()).replace("``", "`")


def main() -> None:
    """Renew the page that is named on the command line."""
    page = Path(sys.argv[1])
    example, _ = read_yaml(EXAMPLE, page.with_name(EXAMPLE).read_bytes())
    assert example is not None, "the example is read by a test as well"
    page.write_text(fill(page.read_text(encoding="utf-8"), example.value), encoding="utf-8")


if __name__ == "__main__":
    main()
