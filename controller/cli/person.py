"""Who is at the keyboard: the name that decisions are recorded under."""

import getpass
import subprocess


def who() -> str:
    """Return git's ``user.name``, else the login name."""
    try:
        done = subprocess.run(
            ["git", "config", "user.name"], capture_output=True, text=True, check=False
        )
        name = done.stdout.strip()
    except FileNotFoundError:
        name = ""
    return name or getpass.getuser()
