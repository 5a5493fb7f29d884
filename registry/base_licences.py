"""The licence that a base's own files declare: its model card's head, as the hub writes it."""

import re
from collections.abc import Mapping
from pathlib import Path

CARD = "README.md"
MAX_CHARACTERS = 20_000

_HEAD = re.compile(r"\A---\r?\n(.*?)^---\s*$", re.DOTALL | re.MULTILINE)
_LICENCE = re.compile(r"^license:[ \t]*[\"']?([A-Za-z0-9][\w.+-]*)[\"']?[ \t]*\r?$", re.MULTILINE)


def declared_licence(folder: Path) -> Mapping[str, str]:
    """``{"licence": ...}`` where the folder's model card names one; empty where it does not.

    A base fetched from the hub comes without its card, so most often nothing is known.
    """
    try:
        with (folder / CARD).open(encoding="utf-8", errors="replace") as file:
            text = file.read(MAX_CHARACTERS)
    except OSError:
        return {}
    head = _HEAD.match(text)
    found = head and _LICENCE.search(head.group(1))
    return {"licence": found.group(1)} if found else {}
