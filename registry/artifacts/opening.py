"""The artifact store that the settings ask for."""

from pathlib import Path
from urllib.parse import urlsplit

from registry.artifacts.base import ArtifactStore
from registry.artifacts.local import LocalArtifacts
from registry.errors import RefusedError
from registry.settings import Settings


def open_artifacts(settings: Settings) -> ArtifactStore:
    """Open the store.

    Raises:
        RefusedError: the setting names a kind of store that there is no code for.
    """
    place = settings.resolved_artifacts
    scheme = urlsplit(place).scheme if "://" in place else "file"
    if scheme != "file":
        raise RefusedError(
            f"artifacts = {place!r}: {scheme} stores are not supported",
            fix="name a folder, local or mounted",
        )
    return LocalArtifacts(Path(place.removeprefix("file://")).absolute())
