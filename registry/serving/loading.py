"""Making a version answer: files from the store, verified, loaded beside the others, warmed."""

import logging
import shutil
from collections.abc import Collection
from pathlib import Path

from registry.artifacts.base import ArtifactStore
from registry.artifacts.folders import materialise
from registry.records import VersionRecord
from registry.serving.engine import Engine
from registry.serving.router import Served

log = logging.getLogger(__name__)

WARM_UP_TEXT = "Is this version able to answer?"


class Loader:
    """Loads versions into a folder of its own."""

    def __init__(self, engine: Engine, artifacts: ArtifactStore, folder: Path) -> None:
        """``folder`` holds the materialised versions; everything in it can be made again."""
        self._engine = engine
        self._artifacts = artifacts
        self._folder = folder

    def load(self, version: VersionRecord) -> Served:
        """Fetch, verify, load and warm ``version``.

        Raises:
            Exception: Whatever its files or its engine raise. The folder is removed then, so that
                the next attempt starts from the store.
        """
        into = self._folder_of(version.model, version.number)
        try:
            materialise(self._artifacts, version.files, into)
            loaded = self._engine.load(into)
            # The first pass allocates and compiles; no caller should wait for that.
            loaded.predict([WARM_UP_TEXT])
        except Exception:
            self.forget(version.model, version.number)
            raise
        return Served(version.model, version.number, loaded)

    def forget(self, model: str, number: int) -> None:
        """Remove the files of a version. What is mapped into memory stays readable."""
        shutil.rmtree(self._folder_of(model, number), ignore_errors=True)

    def sweep(self, keep: Collection[tuple[str, int]]) -> None:
        """Remove what an earlier process left, apart from the versions in ``keep``."""
        kept = {self._folder_of(model, number) for model, number in keep}
        for folder in self._folder.glob("*"):
            if folder not in kept:
                log.info("removing %s", folder)
                shutil.rmtree(folder, ignore_errors=True)

    def _folder_of(self, model: str, number: int) -> Path:
        return self._folder / f"{model}-{number}"
