"""Read settings, and connect to the API: what commands need before they can begin."""

import tomllib
from typing import TYPE_CHECKING, Any

from controller.cli.failures import BadInputError

if TYPE_CHECKING:
    # Types only: pydantic-settings and httpx cost 0.3 s that `--help` does not have.
    from controller.settings import ControllerSettings
    from registry.client import Client


def load_settings(**given: Any) -> "ControllerSettings":
    """Read the settings; ``given`` are those of the command line, None for what was left out.

    Raises:
        BadInputError: A value is not one, with its name, its variable and what is wrong.
    """
    from pydantic import ValidationError

    from controller.settings import ControllerSettings

    chosen = {name: value for name, value in given.items() if value is not None}
    try:
        return ControllerSettings(**chosen)
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"])
        fix = f"correct {name} in trueup.toml, or TRUEUP_{name.upper()} in the environment"
        raise BadInputError(f"setting {name}: {first['msg']}", fix=fix) from error
    except tomllib.TOMLDecodeError as error:
        raise BadInputError(f"trueup.toml: {error}", fix="correct the file") from error


def connect(api_url: str | None) -> "Client":
    """Open the API's client; nothing is asked yet."""
    from registry.client import Client

    return Client(api_url or load_settings().resolved_api_url)
