"""A card as a JSON document. Pure."""

import math
from dataclasses import asdict
from typing import Any

from registry.cards.blocks import Block, Card, Cell, Facts, Items, Section, Table, Text
from registry.records import Estimate

FORMAT = 1


def as_json(card: Card) -> dict[str, Any]:
    """Write the card as values that ``json.dumps`` takes; numbers that are not finite are null."""
    return {
        "format": FORMAT,
        "model": card.model,
        "version": card.version,
        "aliases": list(card.aliases),
        "metadata": dict(card.head),
        "sections": {section.key: _section(section) for section in card.sections},
    }


def _section(section: Section) -> dict[str, Any]:
    return {
        "title": section.title,
        "has_evidence": section.is_evidenced,
        "blocks": [_block(block) for block in section.blocks],
    }


def _block(block: Block) -> dict[str, Any]:
    match block:
        case Text():
            return {"kind": "text", "text": block.text}
        case Items():
            return {"kind": "items", "items": list(block.items)}
        case Facts():
            values = {name: _cell(value) for name, value in block.values}
            return {"kind": "facts", "name": block.name, "values": values}
        case Table():
            rows = [dict(zip(block.columns, map(_cell, row), strict=True)) for row in block.rows]
            return {"kind": "table", "name": block.name, "rows": rows}
        case _:
            return {"kind": "todo", "what": block.what, "label": block.label}


def _cell(value: Cell) -> Any:
    if isinstance(value, Estimate):
        return {name: _cell(one) for name, one in asdict(value).items()}
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
