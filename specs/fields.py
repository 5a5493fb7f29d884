"""The fields of a spec as values: for error messages, the JSON Schema and the reference page."""

import ast
import inspect
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from typing import Any, get_args

from pydantic.fields import FieldInfo

from specs.model import ModelSpec
from specs.problems import Loc
from specs.section import Section

_ITEMS: Mapping[Any, str] = {list: "[]", dict: ".*"}


@dataclass(frozen=True)
class Field:
    """One declared field."""

    name: str
    """Dotted, from the root; an item of a list is ``[]``, and one of a mapping ``*``:
    ``spec.gates[].min``, ``spec.training.search.parameters.*.low``."""
    owner: type[Section]
    """The section that declares the field."""
    info: FieldInfo
    section: type[Section] | None
    """The section that the field holds, when it holds one."""

    @property
    def meaning(self) -> str:
        """What the field says: its own docstring, or that of the section it holds."""
        own = docstrings_of(self.owner).get(self.name.rpartition(".")[2])
        return own or (self.section.__doc__ if self.section else None) or ""


def all_fields(section: type[Section] = ModelSpec, *, prefix: str = "") -> Iterator[Field]:
    """Yield every field of ``section`` and of the sections in it, parents first."""
    for name, info in section.model_fields.items():
        inner = section_in(info.annotation)
        yield Field(f"{prefix}{name}", section, info, inner)
        if inner is not None:
            items = _ITEMS.get(getattr(info.annotation, "__origin__", None), "")
            yield from all_fields(inner, prefix=f"{prefix}{name}{items}.")


def section_at(loc: Loc) -> type[Section] | None:
    """Return the section whose fields stand directly below ``loc``."""
    section: type[Section] | None = ModelSpec
    is_key = False
    for part in loc:
        if isinstance(part, int) or is_key:
            is_key = False
            continue
        if section is None or part not in section.model_fields:
            return None
        annotation = section.model_fields[part].annotation
        section = section_in(annotation)
        is_key = section is not None and getattr(annotation, "__origin__", None) is dict
    return section


def section_in(annotation: Any) -> type[Section] | None:
    """Return the section that a value of this type holds, itself or as its items."""
    if isinstance(annotation, type) and issubclass(annotation, Section):
        return annotation
    found = (section_in(part) for part in get_args(annotation))
    return next((section for section in found if section is not None), None)


@cache
def docstrings_of(section: type[Section]) -> Mapping[str, str]:
    """Return the docstrings below the fields of a section, by field."""
    (declared,) = ast.parse(inspect.getsource(section)).body
    assert isinstance(declared, ast.ClassDef)
    found = {}
    for field, below in pairwise(declared.body):
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name):
            match below:
                case ast.Expr(value=ast.Constant(value=str() as text)):
                    found[field.target.id] = " ".join(text.split())
                case _:
                    pass
    return found
