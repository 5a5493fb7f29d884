"""The real engine, brought in while the gateway listens already: importing torch takes seconds."""

import logging
import os
import threading
from pathlib import Path

from registry.errors import RefusedError
from registry.serving.engine import Engine, LoadedModel
from registry.settings import Settings

log = logging.getLogger(__name__)

MAX_THREADS = 4


class LazyEngine:
    """An engine that is made when it is first needed, or before that in the background."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._lock = threading.Lock()
        self._engine: Engine | None = None

    def load(self, folder: Path) -> LoadedModel:
        """Load the version in ``folder`` with the real engine.

        Raises:
            RefusedError: Torch, or what stands on it, is not installed.
        """
        return self._made().load(folder)

    def prepare(self) -> None:
        """Begin to make the engine, in a thread of its own."""
        threading.Thread(target=self._try_to_make, name="torch", daemon=True).start()

    def _made(self) -> Engine:
        with self._lock:
            if self._engine is None:
                try:
                    from registry.serving.hf_engine import HfEngine  # noqa: PLC0415  (brings torch)
                except ModuleNotFoundError as error:
                    fix = "pip install trueup[serve]"
                    raise RefusedError(f"{error.name} is not installed", fix=fix) from error
                threads = torch_threads(len(os.sched_getaffinity(0)))
                self._engine = HfEngine(self._settings, threads=threads)
            return self._engine

    def _try_to_make(self) -> None:
        try:
            self._made()
        except RefusedError as error:
            log.warning("no version can be loaded: %s (%s)", error, error.fix)


def torch_threads(cores: int) -> int:
    """Cores for one forward pass: one stays free for HTTP, and more than a few gain nothing.

    >>> [torch_threads(cores) for cores in (1, 2, 4, 64)]
    [1, 1, 3, 4]
    """
    return max(1, min(MAX_THREADS, cores - 1))
