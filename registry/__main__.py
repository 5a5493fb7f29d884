"""``python -m registry``: the API and the pages, in one process."""

import logging
import sys
from contextlib import closing

from pydantic import ValidationError

from registry.app import build_app
from registry.artifacts import open_artifacts
from registry.part_help import take_no_arguments
from registry.server import listen, run
from registry.settings import Settings
from registry.store.database import Database
from specs.errors import TrueupError


def main() -> int:
    """Serve until asked to stop. Returns the process's exit code."""
    try:
        settings = Settings()
        logging.basicConfig(
            level=settings.log_level, format="%(asctime)s %(levelname)s %(name)s %(message)s"
        )
        _serve(settings)
    except TrueupError as error:
        return _cannot_start(f"{error}" + (f" ({error.fix})" if error.fix else ""))
    except ValidationError as error:
        return _cannot_start("; ".join(_setting_problem(one) for one in error.errors()))
    return 0


def _serve(settings: Settings) -> None:
    # The port first: whoever finds it taken must not have touched anything yet.
    with listen(settings.host, settings.api_port, setting="api_port") as listener:
        artifacts = open_artifacts(settings)
        with closing(Database.open(settings.resolved_database_url)) as database:
            run(build_app(settings, database, artifacts), [listener])


def _setting_problem(error: object) -> str:
    assert isinstance(error, dict)
    name = ".".join(str(part) for part in error["loc"])
    return f"setting {name} (TRUEUP_{name.upper()}): {error['msg']}"


def _cannot_start(why: str) -> int:
    sys.stderr.write(f"trueup registry: {why}\n")
    return 1


if __name__ == "__main__":
    take_no_arguments("python -m registry", "Serve the API and the pages.")
    sys.exit(main())
