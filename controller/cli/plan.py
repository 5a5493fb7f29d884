"""``trueup plan``: what the controller would do at a revision, and why. Changes nothing."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from controller.cli.failures import BadInputError, not_so
from controller.cli.options import JsonOption, OptionalModelArgument
from controller.cli.output import print_json, say
from controller.cli.setup import load_settings

if TYPE_CHECKING:
    # Types only: `trueup --help` must not load the store.
    from controller.actions import Action

RepoOption = Annotated[
    str | None, typer.Option("--repo", metavar="DIR_OR_URL", help="The GitOps repository.")
]
HomeOption = Annotated[
    str | None, typer.Option("--home", metavar="DIR", help="The installation to compare with.")
]
RevisionOption = Annotated[
    str | None,
    typer.Option("--revision", metavar="REV", help="A branch, tag or commit; else the branch."),
]


def plan(
    name: OptionalModelArgument = None,
    repo: RepoOption = None,
    home: HomeOption = None,
    revision: RevisionOption = None,
    json_: JsonOption = False,
) -> None:
    """Show, for each model, what would be done at a revision and why."""
    from controller.preview import preview
    from controller.wiring import open_tools

    tools = open_tools(load_settings(repo=repo, home=home))
    found = preview(tools, revision=revision)
    if name is not None and name not in found.plans and name not in found.problems:
        raise BadInputError(
            f"there is no model {name!r} at {found.revision}",
            fix=f"the models there: {', '.join(found.plans) or 'none'}",
        )
    plans = {one: plan for one, plan in found.plans.items() if name in {None, one}}
    problems = {one: problem for one, problem in found.problems.items() if name in {None, one}}
    if json_:
        print_json(
            {
                "revision": found.revision,
                "models": {
                    one: [_as_json(action) for action in plan] for one, plan in plans.items()
                },
                "problems": problems,
            }
        )
    else:
        _show(found.revision, plans, problems)
    if problems:
        not_so()


def _show(revision: str, plans: "dict[str, tuple[Action, ...]]", problems: dict[str, str]) -> None:
    say(f"At {revision}:")
    for name, actions in plans.items():
        if not actions:
            say(f"  {name}: nothing to do")
            continue
        say(f"  {name}:")
        for number, action in enumerate(actions, start=1):
            what = type(action).__name__
            say(f"    {number}. {what:<12} {action.why}")
    for name, problem in problems.items():
        typer.echo(f"  {name}: {problem}", err=True)
    if not plans and not problems:
        say("  no specs; `trueup init DIR` makes a repository with one")


def _as_json(action: "Action") -> dict[str, Any]:
    fields = asdict(action)
    if "stage" in fields:
        fields["stage"] = fields["stage"].__name__
    return {"action": type(action).__name__} | fields
