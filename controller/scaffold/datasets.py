"""Write generated tickets as the files that a spec names."""

import csv
import json
from collections.abc import Sequence
from pathlib import Path

from controller.scaffold.grammar import Grammar
from controller.scaffold.tickets import Dataset, Ticket


def write_csv(tickets: Sequence[Ticket], path: Path) -> None:
    """Write ``text,category,channel``: rows to classify."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["text", "category", "channel"])
        writer.writerows((ticket.text, ticket.category, ticket.channel) for ticket in tickets)


def write_jsonl(tickets: Sequence[Ticket], path: Path, grammar: Grammar) -> None:
    """Write ``prompt``, ``completion`` and ``channel``: rows to learn to answer."""
    with path.open("w", encoding="utf-8") as file:
        for ticket in tickets:
            file.write(json.dumps(_as_generation(ticket, grammar), ensure_ascii=False) + "\n")


def write_dataset(dataset: Dataset, folder: Path, *, suffix: str, grammar: Grammar) -> list[Path]:
    """Write ``train`` and ``test`` below ``folder`` as ``csv`` or ``jsonl``; return the paths."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for name, tickets in (("train", dataset.train), ("test", dataset.test)):
        path = folder / f"{name}.{suffix}"
        if suffix == "csv":
            write_csv(tickets, path)
        else:
            write_jsonl(tickets, path, grammar)
        paths.append(path)
    return paths


def _as_generation(ticket: Ticket, grammar: Grammar) -> dict[str, str]:
    queue = grammar.intents[ticket.category].queue
    intent = ticket.category.replace("_", " ")
    return {
        "prompt": f"ticket: {ticket.text}\n",
        "completion": f"intent: {intent}; queue: {queue}",
        "channel": ticket.channel,
    }
