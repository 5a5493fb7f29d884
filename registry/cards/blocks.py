"""What a card is made of, whichever way it is written."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from registry.records import Estimate

Cell = str | int | float | Estimate | None


@dataclass(frozen=True)
class Text:
    """A paragraph."""

    text: str


@dataclass(frozen=True)
class Items:
    """A list of sentences."""

    items: tuple[str, ...]


@dataclass(frozen=True)
class Facts:
    """Names with one value each."""

    values: tuple[tuple[str, Cell], ...]
    name: str = ""


@dataclass(frozen=True)
class Table:
    """Rows under columns."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    name: str = ""


@dataclass(frozen=True)
class Todo:
    """What only a person can say."""

    what: str
    label: str
    """The key of ``metadata.labels`` in the spec whose value takes this place."""


Block = Text | Items | Facts | Table | Todo


@dataclass(frozen=True)
class Section:
    """One subject."""

    key: str
    title: str
    blocks: tuple[Block, ...]
    is_evidenced: bool = True
    """Whether anything was recorded about it; if not, its text says so."""


@dataclass(frozen=True)
class Card:
    """A whole card."""

    model: str
    version: int
    aliases: tuple[str, ...]
    head: Mapping[str, Any]
    """Hugging Face's metadata."""
    sections: tuple[Section, ...]


def absent(key: str, title: str, text: str) -> Section:
    """A section about which nothing is recorded."""
    return Section(key, title, (Text(text),), is_evidenced=False)


def facts(rows: Sequence[tuple[str, Cell]], name: str = "") -> tuple[Facts, ...]:
    """Those that are known as one block; none if nothing is."""
    known = tuple((key, value) for key, value in rows if value is not None)
    return (Facts(known, name),) if known else ()


def table(
    columns: Sequence[str], rows: Sequence[Sequence[Cell]], name: str = ""
) -> tuple[Table, ...]:
    """A table as one block; none without rows."""
    return (Table(tuple(columns), tuple(map(tuple, rows)), name),) if rows else ()
