"""How answers look on a terminal: plain words, tables of at most the terminal's width, or JSON."""

import json
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

Json = Mapping[str, Any]
MARKS = {"True": "green", "False": "red", "Unknown": "yellow"}
SHORT_COMMIT = 7
LONG_REVISION = re.compile(rf"@sha1:([0-9a-f]{{{SHORT_COMMIT}}})[0-9a-f]{{{40 - SHORT_COMMIT}}}")
BAR_WIDTH = 16


@cache
def console() -> "Console":
    """The terminal, or whatever stands in for it; colours only for a person."""
    from rich.console import Console

    return Console(highlight=False, markup=False, emoji=False, soft_wrap=False)


def say(what: "str | RenderableType" = "") -> None:
    """Print one thing for a person."""
    console().print(what)


def print_json(value: Any) -> None:
    """Print one JSON document."""
    sys.stdout.write(json.dumps(value, indent=2, ensure_ascii=False) + "\n")


def print_json_line(value: Any) -> None:
    """Print one JSON document on a line of its own, at once: for what never ends."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False) + "\n")
    sys.stdout.flush()


def print_table(headers: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Print rows under headers; the last column gives way when the terminal is narrow."""
    from rich.table import Table

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for at, header in enumerate(headers):
        is_last = at == len(headers) - 1
        table.add_column(header, no_wrap=not is_last, overflow="fold" if is_last else "ellipsis")
    for row in rows:
        table.add_row(*row)
    console().print(table)


def print_facts(facts: Mapping[str, Any]) -> None:
    """Print names and what they are, one a line."""
    from rich.table import Table

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), show_header=False)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for name, fact in facts.items():
        table.add_row(name, fact)
    console().print(table)


def coloured(word: str, colour: str) -> "RenderableType":
    """Colour a word; plain text where there are no colours."""
    from rich.text import Text

    return Text(word, style=colour)


def bar(ratio: float) -> str:
    """Draw a progress bar of plain characters."""
    done = round(min(max(ratio, 0.0), 1.0) * BAR_WIDTH)
    return "━" * done + "╌" * (BAR_WIDTH - done)


def short_revision(revision: str | None) -> str:
    """Shorten ``main@sha1:<40 hex>`` to what people type."""
    if not revision:
        return "-"
    branch, _, commit = revision.rpartition("@sha1:")
    return f"{branch}@{commit[:SHORT_COMMIT]}"


def with_short_revisions(text: str) -> str:
    """Shorten every revision in a sentence; 40 digits tell a reader nothing that 7 do not."""
    return LONG_REVISION.sub(r"@\1", text)


def age(moment: str, *, now: datetime | None = None) -> str:
    """Say how long ago an ISO 8601 moment was: ``5m``, ``3h``, ``12d``."""
    at = datetime.fromisoformat(moment)
    return duration((now or datetime.now(UTC)) - at)


def duration(length: timedelta) -> str:
    """Say a length of time in its largest unit."""
    seconds = max(0, int(length.total_seconds()))
    for unit, size in (("d", 86400), ("h", 3600), ("m", 60)):
        if seconds >= 2 * size or (seconds >= size and unit == "d"):
            return f"{seconds // size}{unit}"
    return f"{seconds}s"


def clock_time(moment: str) -> str:
    """Say an ISO 8601 moment as this machine's date and time."""
    return datetime.fromisoformat(moment).astimezone().strftime("%Y-%m-%d %H:%M:%S")


def estimate(value: Json | None) -> str:
    """Say a measured number with its interval; ``-`` when it was not measured."""
    if value is None or value.get("value") is None:
        return "-"
    low, high = value.get("low"), value.get("high")
    if low is None or high is None:
        return f"{value['value']:.3f}"
    return f"{value['value']:.3f} [{low:.2f}, {high:.2f}]"
