"""How answers were explained, and how far the explanations hold. Pure."""

from collections.abc import Iterator, Mapping
from typing import Any

from registry.cards.blocks import Block, Cell, Section, Table, absent, facts, table
from registry.cards.known import Known, cell_of, estimate_in, listed, mapping, words

NAMES = ("explanations", "explain")
"""What the study is called in a report."""
EXAMPLES = {"examples", "rows", "tokens", "top"}
"""What is shown on the page: single texts have no place in a card."""


def explanations(known: Known) -> Section:
    """Method, convergence, faithfulness and flags, as the study reported them."""
    title = "Explanations"
    found = next((one for name in NAMES if (one := mapping(known.report.get(name)))), {})
    metrics = {} if known.evaluation is None else known.evaluation.metrics
    measured = [(name, one) for name, one in metrics.items() if name.partition(".")[0] in NAMES]
    if not found and not measured:
        return absent("explanations", title, "Not measured: no explanations are recorded.")
    blocks: tuple[Block, ...] = (
        *facts(measured, "Measured"),
        *facts(list(_flat(found)), "What the study reported"),
        *_flags(found),
    )
    return Section("explanations", title, blocks)


def _flags(found: Mapping[str, Any]) -> tuple[Table, ...]:
    """Labels that seem to go by something that says nothing about them."""
    flags = [mapping(one) for one in listed(found.get("spurious"))]
    names = dict.fromkeys(name for one in flags for name in one)
    heads = [name for name in names if not any(isinstance(one.get(name), list) for one in flags)]
    rows = [tuple(cell_of(one.get(name)) for name in heads) for one in flags]
    return table([words(name) for name in heads], rows, "Labels that may go by the wrong words")


def _flat(found: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, Cell]]:
    """Nested objects as dotted names; estimates are whole."""
    for name, value in found.items():
        if name in EXAMPLES:
            continue
        path = f"{above}{words(name)}"
        estimate = estimate_in(value)
        if estimate is not None:
            yield path, estimate
        elif isinstance(value, Mapping):
            yield from _flat(value, f"{path}: ")
        elif isinstance(value, list) and any(isinstance(one, Mapping) for one in value):
            yield path, len(value)
        else:
            yield path, cell_of(value)
