"""A card in Markdown, headed by Hugging Face's metadata. Pure.

Every text is escaped, whoever wrote it: rows, labels and reasons are other people's words.
"""

import io
import math
import re
from collections.abc import Iterable, Mapping
from typing import Any

from ruamel.yaml import YAML

from registry.cards.blocks import Block, Card, Cell, Facts, Items, Table, Text
from registry.records import Estimate

_SPECIAL = re.compile(r"[\\`*\[\]|]")
_OPENING = re.compile(r"^([#>+=~-])")


def as_markdown(card: Card) -> str:
    """Write the card."""
    parts = [f"---\n{_yaml(card.head)}---", f"# {_line(_title(card))}"]
    for section in card.sections:
        parts.append(f"## {_line(section.title)}")
        parts += [_block(block) for block in section.blocks]
    return "\n\n".join(parts) + "\n"


def _title(card: Card) -> str:
    named = f", now {' and '.join(sorted(card.aliases))}" if card.aliases else ""
    return f"{card.model}, version {card.version}{named}"


def _yaml(head: Mapping[str, Any]) -> str:
    stream = io.StringIO()
    yaml = YAML()
    yaml.default_flow_style = False
    yaml.dump(dict(head), stream)
    return stream.getvalue()


def _block(block: Block) -> str:
    match block:
        case Text():
            return _line(block.text)
        case Items():
            return "\n".join(f"- {_line(one)}" for one in block.items)
        case Facts():
            return _table(
                block.name, ("", ""), [(key, _setting(value)) for key, value in block.values]
            )
        case Table():
            return _table(block.name, block.columns, block.rows)
        case _:
            return (
                f"TODO(owner): {_line(block.what)} "
                f"(write it as `metadata.labels.{block.label}` in the spec)"
            )


def _table(name: str, columns: Iterable[str], rows: Iterable[Iterable[Cell]]) -> str:
    head = [_line(one) for one in columns]
    lines = [head, ["---"] * len(head), *([_cell(one) for one in row] for row in rows)]
    text = "\n".join("| " + " | ".join(line) + " |" for line in lines)
    return f"### {_line(name)}\n\n{text}" if name else text


def _cell(value: Cell) -> str:
    if value is None:
        return "-"
    if isinstance(value, Estimate):
        if not math.isfinite(value.value):
            return "not finite"
        interval = f"{_number(value.low)} to {_number(value.high)}"
        return f"{_number(value.value)} ({interval}, n={value.n}, {_line(value.method)})"
    if isinstance(value, float):
        return _number(value)
    return _line(str(value))


def _setting(value: Cell) -> Cell:
    """A number that stands for itself is written as it is, not to four places."""
    is_plain = isinstance(value, float) and math.isfinite(value)
    return f"{value:.6g}" if is_plain else value


def _number(value: float) -> str:
    if not math.isfinite(value):
        return "not finite"
    return f"{value:.4f}" if abs(value) >= 1e-3 or value == 0 else f"{value:.2g}"  # noqa: PLR2004


def _line(text: str) -> str:
    """Text that stays where it is put: it ends no row, opens no heading, link or element."""
    line = " ".join(text.split()).replace("&", "&amp;").replace("<", "&lt;")
    return _OPENING.sub(r"\\\1", _SPECIAL.sub(r"\\\g<0>", line))
