"""``trueup trials``: what a search tried, what came of it, and what was chosen."""

from typing import Annotated

import typer

from controller.cli.failures import FailedError
from controller.cli.options import ApiUrlOption, JsonOption
from controller.cli.output import Json, coloured, print_json, print_table, say
from controller.cli.setup import connect
from controller.cli.versions import find_number

COLOURS = {"chosen": "green", "failed": "red", "running": "yellow"}


def trials(
    model: Annotated[
        str,
        typer.Argument(metavar="NAME[@N]", help="A model's newest search, or that of a version."),
    ],
    *,
    json_: JsonOption = False,
    api_url: ApiUrlOption = None,
) -> None:
    """Show a search: each trial and the chosen one."""
    name, _, which = model.partition("@")
    with connect(api_url) as api:
        number = find_number(which, api.list_versions(name), model=name) if which else None
        found = api.get_search(name, version=number)
    if json_:
        print_json(found)
    elif found["search"] is None:
        about = f"version {number} of {name}" if number is not None else name
        raise FailedError(
            f"{about} comes from no search",
            fix="declare training.search or base.candidates in its spec",
        )
    else:
        _show(found)


def _show(search: Json) -> None:
    metric, tried = str(search["metric"]), search["trials"]
    ended = sum(trial["state"] not in {"planned", "running"} for trial in tried)
    version = search["version"]
    end = f"version {version} is trial {search['chosen']}" if version else "none is chosen yet"
    say(f"{ended} of {search['of']} trials have ended; {end}.")
    say()
    has_bases = len({trial["base"] for trial in tried}) > 1
    rows = []
    for trial in tried:
        state = "chosen" if trial["number"] == search["chosen"] else trial["state"]
        values = {"base": trial["base"]} if has_bases else {}
        rows.append(
            (
                str(trial["number"]),
                coloured(state, COLOURS.get(state, "")),
                _value(trial["value"]),
                _spent(trial),
                _tried(values | trial["parameters"], trial["failure"]),
            )
        )
    print_table(("TRIAL", "STATE", metric.upper(), "SECONDS", "TRIED"), rows)


def _spent(trial: Json) -> str:
    if trial["is_reused"]:
        return "reused"
    return "-" if trial["seconds"] is None else f"{trial['seconds']:.0f}"


def _tried(values: Json, failure: Json | None) -> str:
    said = ", ".join(f"{name} {_value(value)}" for name, value in values.items())
    return f"{said}; {failure['reason']}" if failure else said


def _value(value: object) -> str:
    match value:
        case None:
            return "-"
        case bool():
            return str(value).lower()
        case float():
            return f"{value:.4g}"
        case list():
            return "[" + ", ".join(str(one) for one in value) + "]"
        case _:
            return str(value)
