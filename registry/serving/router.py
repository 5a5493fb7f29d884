"""Which version answers a request. Pure: a table goes in, a version or an error comes out."""

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches

from registry.serving.engine import LoadedModel
from registry.serving.errors import NoLiveVersionError, UnknownModelError, UnknownVersionError
from specs.serving import Serving

NAMES_IN_AN_ERROR = 5
DEFAULT_SERVING = Serving()


@dataclass(frozen=True)
class Served:
    """A version that is loaded and can answer."""

    model: str
    number: int
    loaded: LoadedModel


@dataclass(frozen=True)
class Entry:
    """What the gateway knows of one model: a value, replaced as a whole when anything changes."""

    name: str
    serving: Serving = DEFAULT_SERVING
    waiting_for: str = ""
    live: Served | None = None
    warm: tuple[Served, ...] = ()
    """Every loaded version, the live one among them."""


Table = Mapping[str, Entry]


def entry_of(table: Table, name: str) -> Entry:
    """Return the model's entry, or raise :class:`UnknownModelError` with the nearest names."""
    entry = table.get(name)
    if entry is None:
        near = get_close_matches(name, table, n=NAMES_IN_AN_ERROR, cutoff=0.5)
        raise UnknownModelError(name, near or sorted(table)[:NAMES_IN_AN_ERROR])
    return entry


def route(table: Table, name: str, version: str | None = None) -> Served:
    """Choose who answers: the live version, or the loaded one that was asked for by number.

    Raises:
        UnknownModelError: No such model.
        NoLiveVersionError: The model is known and nothing of it is live.
        UnknownVersionError: The version asked for by number is not loaded.
    """
    entry = entry_of(table, name)
    if version is not None:
        return _by_number(entry, version)
    if entry.live is None:
        raise NoLiveVersionError(name, entry.waiting_for or "a version that passes its gates")
    return entry.live


def _by_number(entry: Entry, version: str) -> Served:
    for served in entry.warm:
        if str(served.number) == version:
            return served
    raise UnknownVersionError(entry.name, version, [served.number for served in entry.warm])
