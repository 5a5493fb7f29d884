"""``trueup logs`` and ``trueup events``: what is being done, and what was."""

import time
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from controller.cli.failures import FailedError
from controller.cli.options import ApiUrlOption, FollowOption, JsonOption, ModelArgument
from controller.cli.output import (
    Json,
    clock_time,
    print_json,
    print_json_line,
    say,
    with_short_revisions,
)
from controller.cli.setup import connect

if TYPE_CHECKING:
    from registry.client import Client

POLL_SECONDS = 0.5
LINES_PER_READ = 1000
NO_RUN = "`trueup status NAME` says what the model waits for"
NO_EVENTS = "No events yet. Start the parts with `trueup up`, and commit a spec."

RunOption = Annotated[
    str | None, typer.Option("--run", metavar="ID", help="A run; the newest without it.")
]
EventModelOption = Annotated[
    str | None, typer.Option("--model", metavar="NAME", help="Only this model's events.")
]
LimitOption = Annotated[int, typer.Option("--limit", min=1, max=1000, help="How many at most.")]


def logs(
    name: ModelArgument,
    *,
    run: RunOption = None,
    follow: FollowOption = False,
    json_: JsonOption = False,
    api_url: ApiUrlOption = None,
) -> None:
    """Print what a model's newest run printed.

    --follow goes on with it, and with the runs after it.
    """
    with connect(api_url) as api:
        _print_log(_LogReader(api, name, run), follow=follow, as_json=json_)


def events(
    *,
    model: EventModelOption = None,
    follow: FollowOption = False,
    limit: LimitOption = 50,
    json_: JsonOption = False,
    api_url: ApiUrlOption = None,
) -> None:
    """Print what happened, oldest first."""
    with connect(api_url) as api:
        found = api.list_events(model=model, limit=limit)
        if follow:
            _follow_events(api, found, model=model, as_json=json_)
    if json_:
        print_json(found)
    elif not found:
        say(NO_EVENTS)
    for event in [] if json_ else found:
        typer.echo(describe_event(event))


def describe_event(event: Json) -> str:
    """Put an event in one line."""
    who = event["model"] or "-"
    said = with_short_revisions(event["message"])
    return f"{clock_time(event['at'])}  {who}  {event['kind']}: {said}"


class _LogReader:
    """Reads on in a model's newest run, or in the one that was named."""

    def __init__(self, api: "Client", model: str, run: str | None) -> None:
        self._api = api
        self._model = model
        self._named = run
        self._after = 0
        self.run = run

    def turn_to_newest(self) -> bool:
        """Turn to the newest run; whether that is another than before."""
        if self._named is not None:
            return False
        runs = self._api.list_runs(self._model, limit=1)
        newest = str(runs[0]["id"]) if runs else None
        is_other, self.run = newest != self.run, newest
        self._after = 0 if is_other else self._after
        return is_other

    def next_lines(self) -> list[Json]:
        """Return the lines that were printed since the last call, as many as one answer holds."""
        if self.run is None:
            return []
        lines = self._api.read_log(self.run, after=self._after, limit=LINES_PER_READ)
        self._after = lines[-1]["sequence"] if lines else self._after
        return lines


def _print_log(reader: _LogReader, *, follow: bool, as_json: bool) -> None:
    reader.turn_to_newest()
    if reader.run is None and not follow:
        raise FailedError("there has been no run yet", fix=NO_RUN)
    while True:
        lines = reader.next_lines()
        for line in lines:
            if as_json:
                print_json_line({"run": reader.run, **line})
            else:
                typer.echo(line["text"])
        # What is there is printed to its end before a newer run is turned to.
        if lines or (follow and reader.turn_to_newest()):
            continue
        if not follow:
            return
        time.sleep(POLL_SECONDS)


def _follow_events(
    api: "Client", found: list[Json], *, model: str | None, as_json: bool
) -> NoReturn:
    last = 0
    while True:
        for event in found:
            if as_json:
                print_json_line(event)
            else:
                typer.echo(describe_event(event))
            last = event["id"]
        if not found:
            time.sleep(POLL_SECONDS)
        found = api.list_events(model=model, after=last)
