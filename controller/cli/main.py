"""The ``trueup`` command: its table of commands, in the order of the work."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import typer

from controller.cli import (
    card,
    data,
    demo,
    follow,
    init,
    plan,
    pull,
    reproduce,
    status,
    steer,
    trials,
    up,
    validate,
    version,
    versions,
    wait,
)
from controller.cli.failures import Commands
from controller.cli.options import examples

HELP = """Keep fine-tuned language models true to what git declares.

Commit a spec and a data set; Trueup fine-tunes, evaluates, gates, serves and watches the model.
"""
EPILOG = """\b
Begin:
  trueup demo                  the whole story in a few minutes
  trueup init shop-models      a repository of your own
  cd shop-models && trueup up  run it

\b
Exit codes: 0 done, or it is so. 1 failed, refused, or it is not so.
            2 bad input. 3 the API does not answer.

\b
Settings: options, then TRUEUP_... variables, then ./trueup.toml. For example
--api-port 9000, TRUEUP_API_PORT=9000, or api_port = 9000.
"""


@dataclass(frozen=True)
class Command:
    """One command: what it is called, what it does, and how it is used."""

    name: str
    run: Callable[..., Any]
    examples: tuple[str, ...]


M = "support-intents"
COMMANDS = (
    Command("init", init.init, ("trueup init shop-models", "trueup init notes --task causal-lm")),
    Command(
        "up", up.up, ("trueup up", "trueup up --repo shop-models --home .trueup --api-port 9000")
    ),
    Command("demo", demo.demo, ("trueup demo", "trueup demo --dir /tmp/demo --keep")),
    Command(
        "validate", validate.validate, ("trueup validate", "trueup validate --revision HEAD~1")
    ),
    Command(
        "data",
        data.data,
        (
            f"trueup data {M}",
            f"trueup data {M} --check personal_data",
            f"trueup data specs/{M}.yaml --local",
        ),
    ),
    Command("plan", plan.plan, ("trueup plan", "trueup plan --repo shop-models --revision HEAD~1")),
    Command("status", status.status, ("trueup status", f"trueup status {M} --json")),
    Command("versions", versions.versions, (f"trueup versions {M}",)),
    Command("show", versions.show, (f"trueup show {M}@2", f"trueup show {M}@live --json")),
    Command("card", card.card, (f"trueup card {M}@2", f"trueup card {M}@live --json")),
    Command("pull", pull.pull, (f"trueup pull {M}@live model", f"trueup pull {M}@2 model --merge")),
    Command(
        "reproduce",
        reproduce.reproduce,
        (f"trueup reproduce {M}@2", f"trueup reproduce {M}@live --keep /tmp/again"),
    ),
    Command("trials", trials.trials, (f"trueup trials {M}", f"trueup trials {M}@3 --json")),
    Command("logs", follow.logs, (f"trueup logs {M} --follow",)),
    Command("events", follow.events, ("trueup events", f"trueup events --model {M} --follow")),
    Command(
        "wait",
        wait.wait,
        (f"trueup wait {M} --for Ready", f"trueup wait {M} --for version=2 --timeout 60"),
    ),
    Command(
        "rollback",
        steer.rollback,
        (
            f'trueup rollback {M} --reason "refunds misread"',
            f'trueup rollback {M} --to 3 --reason "known good"',
        ),
    ),
    Command("release", steer.release, (f'trueup release {M} --reason "fixed in version 5"',)),
    Command("reconcile", steer.reconcile, (f"trueup reconcile {M}",)),
    Command("version", version.version, ("trueup version",)),
)


def build_app() -> typer.Typer:
    """Put the commands together."""
    # No rich markup: its import costs more than all else that `--help` does.
    app = typer.Typer(
        cls=Commands,
        name="trueup",
        help=HELP,
        epilog=EPILOG,
        no_args_is_help=True,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    for command in COMMANDS:
        app.command(command.name, epilog=examples(*command.examples))(command.run)
    return app


app = build_app()
