"""The artifact store that the settings ask for."""

import shutil
from pathlib import Path
from urllib.parse import urlsplit

from registry.artifacts.base import ArtifactStore
from registry.artifacts.local import LocalArtifacts
from registry.errors import RefusedError
from registry.settings import Settings

RUNS = "runs"
"""Below the store's root: what runs keep while they work, each in a store of its own."""


def open_artifacts(settings: Settings) -> ArtifactStore:
    """Open the store.

    Raises:
        RefusedError: the setting names a kind of store that there is no code for.
    """
    return LocalArtifacts(_root(settings.resolved_artifacts))


def absolute_place(artifacts: str) -> str:
    """The ``artifacts`` setting, so that it means the same in every process.

    Raises:
        RefusedError: the setting names a kind of store that there is no code for.
    """
    return str(_root(artifacts))


def open_run_artifacts(artifacts: str, run: str) -> ArtifactStore:
    """Open the store of one run's passing files, at the place of the ``artifacts`` setting.

    It is a store of its own, so that what is discarded there can never be a version's.

    Raises:
        RefusedError: the setting names a kind of store that there is no code for.
    """
    return LocalArtifacts(Path(run_place(artifacts, run)))


def drop_run_artifacts(artifacts: str, run: str) -> None:
    """Forget all that a run kept; nothing happens without any."""
    shutil.rmtree(run_place(artifacts, run), ignore_errors=True)


def run_place(artifacts: str, run: str) -> str:
    """Where one run's passing files are, at the place of the ``artifacts`` setting."""
    assert Path(run).name == run, run
    return str(_root(artifacts) / RUNS / run)


def _root(place: str) -> Path:
    scheme = urlsplit(place).scheme if "://" in place else "file"
    if scheme != "file":
        raise RefusedError(
            f"artifacts = {place!r}: {scheme} stores are not supported",
            fix="name a folder, local or mounted",
        )
    return Path(place.removeprefix("file://")).absolute()
