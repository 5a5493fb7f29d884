"""``trueup version``: what is installed."""

import platform
from importlib.metadata import version as version_of

from controller.cli.options import JsonOption
from controller.cli.output import print_json, say


def version(*, json_: JsonOption = False) -> None:
    """Print the version of Trueup and of Python."""
    facts = {"trueup": version_of("trueup"), "python": platform.python_version()}
    if json_:
        print_json(facts)
    else:
        say(f"trueup {facts['trueup']} (Python {facts['python']})")
