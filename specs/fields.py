"""The fields of a spec as values: for error messages, the JSON Schema and the reference page."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, get_args

from pydantic.fields import FieldInfo

from specs.model import ModelSpec
from specs.problems import Loc
from specs.section import Section


@dataclass(frozen=True)
class Field:
    """One declared field."""

    name: str
    """Dotted, from the root; an item of a list is ``[]``: ``spec.gates[].min``."""
    info: FieldInfo
    section: type[Section] | None
    """The section that the field holds, when it holds one."""

    @property
    def meaning(self) -> str:
        """What the field says: its own docstring, or that of the section it holds."""
        return self.info.description or (self.section.__doc__ if self.section else None) or ""


def all_fields(section: type[Section] = ModelSpec, *, prefix: str = "") -> Iterator[Field]:
    """Yield every field of ``section`` and of the sections in it, parents first."""
    for name, info in section.model_fields.items():
        inner = section_in(info.annotation)
        yield Field(f"{prefix}{name}", info, inner)
        if inner is not None:
            items = "[]" if _is_list(info.annotation) else ""
            yield from all_fields(inner, prefix=f"{prefix}{name}{items}.")


def section_at(loc: Loc) -> type[Section] | None:
    """Return the section whose fields stand directly below ``loc``."""
    section: type[Section] | None = ModelSpec
    for part in loc:
        if isinstance(part, int):
            continue
        if section is None or part not in section.model_fields:
            return None
        section = section_in(section.model_fields[part].annotation)
    return section


def section_in(annotation: Any) -> type[Section] | None:
    """Return the section that a value of this type holds, itself or as its items."""
    if isinstance(annotation, type) and issubclass(annotation, Section):
        return annotation
    found = (section_in(part) for part in get_args(annotation))
    return next((section for section in found if section is not None), None)


def _is_list(annotation: Any) -> bool:
    return getattr(annotation, "__origin__", None) is list
