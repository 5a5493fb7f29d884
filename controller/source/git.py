"""git, run as a child process with nothing of the repository's own being executed.

Hooks are off, transports that run commands are refused, prompts never wait for a person, and every
path or URL stands behind ``--`` so that none of them is taken for an option.
"""

import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from controller.errors import SourceError

SAFE_OPTIONS = (
    "-c", "core.hooksPath=/dev/null",
    "-c", "protocol.ext.allow=never",
    "-c", "core.fsmonitor=false",
    "-c", "gc.auto=0",
    "-c", "advice.detachedHead=false",
)  # fmt: skip
TIMEOUT_SECONDS = 300
INHERITED = ("PATH", "HOME", "SSH_AUTH_SOCK", "GIT_SSH_COMMAND", "LANG", "SSL_CERT_FILE", "TMPDIR")


class Git:
    """git commands in one repository folder (bare or not)."""

    def __init__(self, folder: Path, *, environment: Mapping[str, str]) -> None:
        """``environment`` is the process's own; only what git needs of it is handed on."""
        self.folder = folder
        kept = {name: environment[name] for name in INHERITED if name in environment}
        self._environment = kept | {"GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C.UTF-8"}

    def run(
        self,
        *arguments: str,
        stdin: bytes | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> bytes:
        """Run ``git ARGUMENTS`` and return what it printed; SourceError with its last words."""
        command = ["git", *SAFE_OPTIONS, "-C", str(self.folder), *arguments]
        try:
            done = subprocess.run(
                command,
                input=stdin,
                capture_output=True,
                check=True,
                timeout=TIMEOUT_SECONDS,
                env=self._environment | dict(environment or {}),
            )
        except FileNotFoundError as error:
            raise SourceError("git is not installed", fix="install git") from error
        except subprocess.TimeoutExpired as error:
            problem = f"git {arguments[0]} did not finish within {TIMEOUT_SECONDS} s"
            raise SourceError(problem, fix="check the connection to the repository") from error
        except subprocess.CalledProcessError as error:
            raise _failed(arguments, error.stderr) from error
        return done.stdout

    def text(self, *arguments: str) -> str:
        """Run ``git ARGUMENTS`` and return its output as stripped text."""
        return self.run(*arguments).decode(errors="replace").strip()

    def names(self, *arguments: str) -> list[str]:
        """Run a command that prints NUL-separated paths (``-z``)."""
        return [name for name in self.run(*arguments).decode(errors="replace").split("\0") if name]

    def succeeds(self, *arguments: str) -> bool:
        """Whether ``git ARGUMENTS`` exits with 0: for the commands that answer by it."""
        try:
            self.run(*arguments)
        except SourceError:
            return False
        return True


def _failed(arguments: Sequence[str], stderr: bytes) -> SourceError:
    lines = [line for line in stderr.decode(errors="replace").splitlines() if line.strip()]
    fatal = [line.removeprefix("fatal: ") for line in lines if line.startswith("fatal: ")]
    said = (fatal or lines[-1:] or ["no reason given"])[0].strip()
    return SourceError(f"git {arguments[0]}: {said}")


def process_environment() -> dict[str, str]:
    """The environment of this process; the only place here that looks at it."""
    return dict(os.environ)
