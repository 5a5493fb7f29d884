"""``--help`` of the parts that run as ``python -m PART``: without it they would simply start."""

import argparse

_SETTINGS = (
    "It takes no arguments: settings are TRUEUP_* variables, listed in docs/reference/settings.md. "
    "For example: TRUEUP_HOME=/srv/trueup TRUEUP_REPO=/srv/models {command}"
)


def take_no_arguments(command: str, does: str) -> None:
    """Print help where it is asked for, and refuse every argument; both end the process.

    Args:
        command: How the part is started: ``python -m controller``.
        does: What it does, a sentence.
    """
    epilog = _SETTINGS.format(command=command)
    argparse.ArgumentParser(prog=command, description=does, epilog=epilog).parse_args()
