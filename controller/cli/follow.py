"""``trueup logs`` and ``trueup events``: what is being done, and what was."""

import time
from typing import Annotated

import typer

from controller.cli.failures import FailedError
from controller.cli.options import ApiUrlOption, FollowOption, JsonOption, ModelArgument
from controller.cli.output import Json, clock_time, print_json, print_json_line, say
from controller.cli.setup import connect

POLL_SECONDS = 0.5
LINES_PER_READ = 1000
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
    api = connect(api_url)
    current = run or _newest_run(api.list_runs(name))
    if current is None and not follow:
        fix = f"`trueup status {name}` says what it waits for"
        raise FailedError(f"{name} has had no run yet", fix=fix)
    after = 0
    while True:
        lines = api.read_log(current, after=after, limit=LINES_PER_READ) if current else []
        for line in lines:
            _print_line(line, run=current or "", as_json=json_)
            after = line["sequence"]
        if len(lines) == LINES_PER_READ:
            continue
        if not follow:
            return
        newest = run or _newest_run(api.list_runs(name))
        if newest != current:
            current, after = newest, 0
        elif not lines:
            time.sleep(POLL_SECONDS)


def events(
    *,
    model: EventModelOption = None,
    follow: FollowOption = False,
    limit: LimitOption = 50,
    json_: JsonOption = False,
    api_url: ApiUrlOption = None,
) -> None:
    """Print what happened, oldest first."""
    api = connect(api_url)
    found = api.list_events(model=model, limit=limit)
    if json_ and not follow:
        print_json(found)
        return
    if not found and not follow:
        say(NO_EVENTS)
    last = 0
    while True:
        for event in found:
            _print_event(event, as_json=json_)
            last = event["id"]
        if not follow:
            return
        if not found:
            time.sleep(POLL_SECONDS)
        found = api.list_events(model=model, after=last, limit=limit)


def describe_event(event: Json) -> str:
    """Put an event in one line."""
    who = event["model"] or "-"
    return f"{clock_time(event['at'])}  {who}  {event['kind']}: {event['message']}"


def _newest_run(runs: list[Json]) -> str | None:
    return str(runs[0]["id"]) if runs else None


def _print_line(line: Json, *, run: str, as_json: bool) -> None:
    if as_json:
        print_json_line({"run": run, **line})
    else:
        typer.echo(line["text"])


def _print_event(event: Json, *, as_json: bool) -> None:
    if as_json:
        print_json_line(event)
    else:
        typer.echo(describe_event(event))
