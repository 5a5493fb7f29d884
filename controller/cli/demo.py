"""``trueup demo``: the whole story, on this machine, in a few minutes."""

import signal
import sys
import time
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from controller.cli.failures import BadInputError
from controller.cli.output import console, say
from controller.cli.setup import load_settings
from controller.cli.status import print_status

if TYPE_CHECKING:
    from controller.demo.stage import Stage

DEFAULT_API_PORT = 8080

FolderOption = Annotated[
    Path | None,
    typer.Option("--dir", metavar="DIR", help="Where to make it. [default: ./demo-<time>]"),
]
KeepOption = Annotated[
    bool, typer.Option("--keep", help="Keep running at the end, also without a terminal.")
]


def demo(*, folder: FolderOption = None, keep: KeepOption = False) -> None:
    """Show the whole story in a few minutes.

    Make a repository, train, serve, change the data, watch traffic move away, roll back.
    """
    from controller.demo.stage import Stage, choose_ports
    from controller.demo.steps import STEPS
    from controller.demo.story import run_story

    signal.signal(signal.SIGTERM, _stop_like_ctrl_c)
    place = _place(folder)
    settings = load_settings()
    say(f"The demo plays in {place}\n")
    started = time.monotonic()
    with Stage(place, choose_ports(settings), host=settings.host) as stage:
        run_story(STEPS, stage, console())
        _sum_up(stage, count=len(STEPS), seconds=time.monotonic() - started)
        if keep or sys.stdin.isatty():
            _keep_running(stage)
        say("Stopping.")


def _place(folder: Path | None) -> Path:
    place = (folder or Path(f"demo-{datetime.now().astimezone():%Y%m%d-%H%M%S}")).absolute()
    if place.exists() and (not place.is_dir() or any(place.iterdir())):
        fix = "name another folder with --dir DIR, or remove this one"
        raise BadInputError(f"{place} is not empty", fix=fix)
    return place


def _sum_up(stage: "Stage", *, count: int, seconds: float) -> None:
    say(f"\nAll {count} steps happened, in {seconds:.0f} s.\n")
    if (status := stage.status()) is not None:
        print_status(status)
    at = f"http://{stage.host}"
    say(f"\nweb page     {stage.api_url}/models/{stage.model}")
    say(f"predictions  {at}:{stage.ports['gateway_port']}/v1/models/{stage.model}:predict")
    say(f"monitors     {at}:{stage.ports['monitor_port']}/metrics")
    is_default = stage.ports["api_port"] == DEFAULT_API_PORT
    url = "" if is_default else f" --api-url {stage.api_url}"
    say("\nTry next, in another terminal while this runs:")
    # Not wrapped: these lines are there to be copied.
    typer.echo(f"  trueup versions {stage.model}{url}")
    typer.echo(f"  trueup show {stage.model}@2{url}")
    typer.echo(f"  trueup release {stage.model} --reason 'seen enough'{url}")
    typer.echo(f"  git -C {stage.repo} log -p specs")
    say("To run it again later:")
    typer.echo(f"  trueup up --repo {stage.repo} --home {stage.home}\n")


def _keep_running(stage: "Stage") -> None:
    say("Everything keeps running. Ctrl-C stops it.")
    # Ctrl-C is the way out that was offered: it ends a demo that has succeeded.
    with suppress(KeyboardInterrupt):
        while stage.process is not None and stage.process.poll() is None:
            time.sleep(0.5)


def _stop_like_ctrl_c(_number: int, _frame: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt
