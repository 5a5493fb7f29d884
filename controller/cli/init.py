"""``trueup init``: a repository to begin with."""

import time
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from controller.cli.failures import BadInputError
from controller.cli.options import JsonOption
from controller.cli.output import print_json, say


class TaskName(StrEnum):
    """The tasks that a repository can be made for."""

    TEXT_CLASSIFICATION = "text-classification"
    CAUSAL_LM = "causal-lm"


FolderArgument = Annotated[
    Path, typer.Argument(metavar="DIR", help="A folder that is empty or does not exist yet.")
]
TaskOption = Annotated[TaskName, typer.Option("--task", help="What the model does.")]


def init(
    folder: FolderArgument,
    *,
    task: TaskOption = TaskName.TEXT_CLASSIFICATION,
    json_: JsonOption = False,
) -> None:
    """Make a GitOps repository with a spec and a data set."""
    from controller.scaffold.commands import NotEmptyError
    from controller.scaffold.repository import make_repository

    started = time.monotonic()
    try:
        made = make_repository(folder, task=task.value, show=lambda title: _show(title, json_))
    except NotEmptyError as error:
        raise BadInputError(str(error), fix=error.fix) from error
    if json_:
        facts = {"folder": str(folder.absolute()), "model": made.model, "spec": str(made.spec)}
        print_json(facts)
        return
    say()
    say(f"{folder} is ready ({time.monotonic() - started:.0f} s): model {made.model}, one commit.")
    say("Next:")
    say(f"  cd {folder}")
    say("  trueup up                    # trains it, then answers; leave it running")
    say(f"  trueup status {made.model:<14} # elsewhere: how far it is")


def _show(title: str, quiet: bool) -> None:
    if not quiet:
        say(f"  {title}")
