"""Notice a commit the moment it is made, in a repository on this machine.

Only the files that git moves when a branch moves are watched. Polling stays beside it as the
safety net: a file system that tells nothing only makes the controller slower, never blind.
"""

import threading
from pathlib import Path

from watchdog.events import (
    DirModifiedEvent,
    FileClosedEvent,
    FileCreatedEvent,
    FileDeletedEvent,
    FileModifiedEvent,
    FileMovedEvent,
    FileSystemEvent,
    FileSystemEventHandler,
)
from watchdog.observers import Observer

CHANGES: list[type[FileSystemEvent]] = [
    FileCreatedEvent,
    FileModifiedEvent,
    FileMovedEvent,
    FileDeletedEvent,
    FileClosedEvent,
    DirModifiedEvent,
]
"""Reads are left out: looking at the refs must not make us look again."""
WATCHED_NAMES = frozenset({"HEAD", "packed-refs", "ORIG_HEAD", "FETCH_HEAD"})


class _OnChange(FileSystemEventHandler):
    def __init__(self, noticed: threading.Event) -> None:
        self._noticed = noticed

    def on_any_event(self, event: FileSystemEvent) -> None:
        """Wake whoever waits; the burst of one commit wakes it once."""
        path = Path(str(event.src_path))
        if "refs" in path.parts or path.name in WATCHED_NAMES:
            self._noticed.set()


class RefWatch:
    """Sets an event when the refs of a repository on this machine change."""

    def __init__(self, git_folder: Path, noticed: threading.Event) -> None:
        """``git_folder`` is the ``.git`` folder, or a bare repository."""
        self._observer = Observer()
        handler = _OnChange(noticed)
        self._observer.schedule(handler, str(git_folder), event_filter=CHANGES)
        heads = git_folder / "refs" / "heads"
        if heads.is_dir():
            self._observer.schedule(handler, str(heads), recursive=True, event_filter=CHANGES)

    def start(self) -> None:
        """Begin to watch."""
        self._observer.start()

    def stop(self) -> None:
        """End the watch."""
        self._observer.stop()
        self._observer.join(timeout=5)


def git_folder_of(repository: Path) -> Path:
    """The folder that holds the refs: ``.git``, or the bare repository itself."""
    inside = repository / ".git"
    return inside if inside.is_dir() else repository
