"""One supervisor per home folder: two controllers over one registry would race each other."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from specs.errors import TrueupError


class HomeInUseError(TrueupError):
    """Another ``trueup up`` runs on the same home folder."""

    reason = "HomeInUse"

    def __init__(self, home: Path, *, pid: str) -> None:
        """``pid`` of the process that holds it."""
        super().__init__(f"{home} is in use by another trueup up (process {pid})")
        self.home = home
        self.fix = "stop that one, or give this one a home of its own: --home DIR"


@contextmanager
def holding(home: Path) -> Iterator[None]:
    """Make ``home`` and hold it; HomeInUseError when another process does."""
    home.mkdir(parents=True, exist_ok=True)
    path = home / "up.lock"
    with path.open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            file.seek(0)
            raise HomeInUseError(home, pid=file.read().strip() or "unknown") from error
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield
