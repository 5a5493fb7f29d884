"""What finds personal data, by its name in ``spec.data.checks.personal_data_by``."""

from collections.abc import Callable
from typing import Any

from controller.data.credentials import find_credentials
from controller.data.patterns import Match, masked
from controller.data.personal_data import find_personal_data

Find = Callable[[str], list[Match]]


def finder_of(name: str) -> Find:
    """The finder of this name.

    Raises:
        DataError: It needs a library that is not installed; with the command that installs it.
    """
    if name == "presidio":
        from controller.data.presidio_finder import open_presidio  # noqa: PLC0415  (an extra)

        return open_presidio()
    return find_personal_data


def without_private(value: Any, find: Find) -> Any:
    """The same JSON with personal data and secrets masked in every text of it."""
    match value:
        case str():
            text = masked(value, find_credentials(value))
            return masked(text, find(text))
        case dict():
            return {
                without_private(key, find): without_private(one, find) for key, one in value.items()
            }
        case list() | tuple():
            return [without_private(one, find) for one in value]
        case _:
            return value
