"""``trueup rollback``, ``release`` and ``reconcile``: what a person decides over automation."""

from typing import Annotated

import typer

from controller.cli.options import ApiUrlOption, JsonOption, ModelArgument, ReasonOption
from controller.cli.output import print_json, say
from controller.cli.person import who
from controller.cli.setup import connect

DIGEST_SHOWN = 19

ToOption = Annotated[
    int | None,
    typer.Option("--to", min=1, metavar="N", help="The version; the one before without it."),
]


def rollback(
    name: ModelArgument,
    *,
    reason: ReasonOption,
    to: ToOption = None,
    json_: JsonOption = False,
    api_url: ApiUrlOption = None,
) -> None:
    """Make an earlier version live at once, and hold it."""
    with connect(api_url) as api:
        done = api.roll_back(name, to=to, reason=reason, by=who())
    if json_:
        print_json(done)
        return
    say(f"{name}: version {done['to']} is live again instead of version {done['left']}.")
    say(f"It is held; {done['quarantined'][:DIGEST_SHOWN]}... is not promoted again.")
    say(f"To let automation go on: trueup release {name} --reason TEXT")


def release(
    name: ModelArgument,
    *,
    reason: ReasonOption,
    json_: JsonOption = False,
    api_url: ApiUrlOption = None,
) -> None:
    """End a hold: automation decides again."""
    with connect(api_url) as api:
        done = api.release(name, reason=reason, by=who())
    if json_:
        print_json(done)
        return
    say(f"{name}: the hold on version {done['version']} is released.")


def reconcile(
    name: ModelArgument, *, json_: JsonOption = False, api_url: ApiUrlOption = None
) -> None:
    """Look at a model now; try again what failed."""
    with connect(api_url) as api:
        done = api.reconcile(name, message=f"asked for by {who()}")
    if json_:
        print_json(done)
        return
    say(f"{name}: asked for a look. `trueup status {name}` says what comes of it.")
