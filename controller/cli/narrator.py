"""What ``trueup up`` tells on its terminal: events as they happen, and how far runs are."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from controller.cli.output import Json, with_short_revisions

POLL_SECONDS = 1.0
TOLD_STEPS = 4
"""Progress is told at every quarter of a phase, not at every step."""


class Narrator:
    """Turns the API's answers into lines, each told once."""

    def __init__(self) -> None:
        """Nothing has been told."""
        self._last_event: int | None = None
        self._told: dict[str, tuple[str, int]] = {}

    def tell_events(self, events: list[Json]) -> list[str]:
        """Lines for the events that are new; those from before this start are skipped."""
        fresh = [event for event in events if event["id"] > (self._last_event or 0)]
        is_first_look = self._last_event is None
        self._last_event = max([self._last_event or 0, *(event["id"] for event in events)])
        if is_first_look:
            return []
        return [
            f"{event['model'] or '-'}: {event['kind']}: {with_short_revisions(event['message'])}"
            for event in fresh
        ]

    @property
    def last_event(self) -> int:
        """The id behind which new events begin."""
        return self._last_event or 0

    def tell_progress(self, models: list[Json]) -> list[str]:
        """Lines for the runs that have got a good way further."""
        lines = []
        for model in models:
            run = model["run"]
            now = run["progress"] if run else None
            if not now:
                continue
            ratio = now["ratio"] or 0.0
            mark = (f"{run['id']} {now['phase']}", int(ratio * TOLD_STEPS))
            if self._told.get(model["name"]) != mark:
                self._told[model["name"]] = mark
                eta = now["eta_seconds"]
                left = f", {eta:.0f} s left" if eta is not None else ""
                lines.append(f"{model['name']}: {run['kind']}: {now['phase']} {ratio:.0%}{left}")
        return lines


@contextmanager
def narrating(api_url: str, *, show: Callable[[str], None]) -> Iterator[None]:
    """Tell what happens while the block runs."""
    stopped = threading.Event()
    thread = threading.Thread(
        target=_narrate, args=(api_url, show, stopped), name="narrator", daemon=True
    )
    thread.start()
    try:
        yield
    finally:
        stopped.set()
        thread.join()


def _narrate(api_url: str, show: Callable[[str], None], stopped: threading.Event) -> None:
    from registry.client import ApiError, ApiUnreachableError, Client

    narrator = Narrator()
    with Client(api_url) as api:
        while not stopped.wait(POLL_SECONDS):
            try:
                events = api.list_events(after=narrator.last_event)
                models = api.list_models()
            except (ApiError, ApiUnreachableError):
                # The supervisor tells when a part is down, and when it is back.
                continue
            for line in (*narrator.tell_events(events), *narrator.tell_progress(models)):
                show(line)
