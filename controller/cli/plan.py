"""``trueup plan``: what the controller would do at a revision, why, and what it would cost.

Changes nothing.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from controller.cli.failures import BadInputError, not_so
from controller.cli.options import JsonOption, OptionalModelArgument
from controller.cli.output import print_json, say
from controller.cli.plan_costs import as_json, progress_teller, show_forecast
from controller.cli.plan_power import power_as_json, show_power
from controller.cli.setup import load_settings

if TYPE_CHECKING:
    # Types only: `trueup --help` must not load the store.
    from controller.actions import Action, Plan
    from controller.context import Tools
    from controller.forecast import Forecast
    from controller.preview import Preview

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
NoCostsOption = Annotated[
    bool,
    typer.Option(
        "--no-costs",
        help="Show the steps alone; else rows are checked, and pulled where they are not here.",
    ),
]


@dataclass(frozen=True)
class Shown:
    """What one call is about."""

    revision: str
    plans: "Mapping[str, Plan]"
    forecasts: "Mapping[str, Forecast]"
    problems: Mapping[str, str]
    remarks: Mapping[str, list[str]]


def plan(
    name: OptionalModelArgument = None,
    repo: RepoOption = None,
    home: HomeOption = None,
    revision: RevisionOption = None,
    no_costs: NoCostsOption = False,
    json_: JsonOption = False,
) -> None:
    """Show, for each model, what would be done, why, what it costs, and what its gates can show."""
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
    forecasts = {} if no_costs else _forecasts(tools, found, plans)
    remarks = {one: said for one, said in found.remarks.items() if name in {None, one} and said}
    problems |= _refusals(forecasts)
    shown = Shown(found.revision, plans, forecasts, problems, remarks)
    _print_as_json(shown) if json_ else _show(shown)
    if shown.problems:
        not_so()


def _forecasts(tools: "Tools", found: "Preview", plans: "Mapping[str, Plan]") -> dict[str, Any]:
    from controller.forecast import forecast

    return {
        name: forecast(tools, *found.states[name], plan, tell=progress_teller(name))
        for name, plan in plans.items()
    }


def _refusals(forecasts: "Mapping[str, Forecast]") -> dict[str, str]:
    from controller.forecast import Refused

    refused = {name: one.failure for name, one in forecasts.items() if isinstance(one, Refused)}
    return {
        name: f"{failure.reason}: {failure.message}" + (f" ({failure.fix})" if failure.fix else "")
        for name, failure in refused.items()
    }


def _print_as_json(shown: Shown) -> None:
    print_json(
        {
            "revision": shown.revision,
            "models": {
                name: [_action_as_json(action) for action in plan]
                for name, plan in shown.plans.items()
            },
            "costs": {name: as_json(one) for name, one in shown.forecasts.items()},
            "power": {name: power_as_json(one.power) for name, one in shown.forecasts.items()},
            "remarks": shown.remarks,
            "problems": shown.problems,
        }
    )


def _show(shown: Shown) -> None:
    say(f"At {shown.revision}:")
    for name, actions in shown.plans.items():
        if not actions:
            say(f"  {name}: nothing to do")
            continue
        say(f"  {name}:")
        for number, action in enumerate(actions, start=1):
            what = type(action).__name__
            say(f"    {number}. {what:<12} {action.why}")
    for name, one in shown.forecasts.items():
        show_forecast(name, one)
        show_power(name, one.power)
    _show_remarks(shown)
    for name, problem in shown.problems.items():
        for line in problem.splitlines():
            typer.echo(f"  {name}: {line}", err=True)
    if not shown.plans and not shown.problems:
        say("  no specs; `trueup init DIR` makes a repository with one")


def _show_remarks(shown: Shown) -> None:
    for name, said in shown.remarks.items():
        for remark in said:
            say(f"  {name}: note: {remark}")


def _action_as_json(action: "Action") -> dict[str, Any]:
    fields = asdict(action)
    if "stage" in fields:
        fields["stage"] = fields["stage"].__name__
    return {"action": type(action).__name__} | fields
