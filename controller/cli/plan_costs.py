"""What a training would cost, on a terminal and as JSON."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import typer

from controller.cli.output import print_table, say
from registry.amounts import amount, name_of

if TYPE_CHECKING:
    # Types only: `trueup --help` must not load the store.
    from controller.forecast import Forecast
    from registry.records import Progress


def progress_teller(model: str) -> "Callable[[str, Progress], None]":
    """Make what says on stderr, once a phase, what is being done for ``model``."""
    told: set[tuple[str, str]] = set()

    def tell(kind: str, progress: "Progress") -> None:
        if (kind, progress.phase) not in told:
            told.add((kind, progress.phase))
            more = f" ({progress.message})" if progress.message else ""
            typer.echo(f"{model}: {kind}: {progress.phase}{more} ...", err=True)

    return tell


def show_forecast(name: str, found: "Forecast") -> None:
    """Print what was found for one model; a refusal is told with the problems."""
    from controller.forecast import NothingSpent, Planned, Refused

    match found:
        case NothingSpent(why=why):
            say(f"\nCost of {name}: {why}")
        case Planned(costs=costs):
            say(f"\nCost of training {name}:")
            rows = [_row(quantity, one) for quantity, one in costs["figures"].items()]
            print_table(("QUANTITY", "PLANNED", "BETWEEN", "BASIS"), rows)
            for warning in costs.get("warnings", ()):
                typer.echo(f"  {name}: warning: {warning}", err=True)
        case Refused():
            pass


def as_json(found: "Forecast") -> dict[str, Any]:
    """Put what was found in the form that scripts read."""
    from controller.forecast import NothingSpent, Planned, Refused

    match found:
        case NothingSpent(why=why):
            return {"trains": False, "why": why}
        case Planned(costs=costs):
            kept = ("machine", "memory_limit_bytes", "figures", "warnings")
            return {"trains": True} | {name: costs[name] for name in kept if name in costs}
        case Refused(failure=failure):
            told = {"reason": failure.reason, "message": failure.message, "fix": failure.fix}
            return {"trains": False, "refused": told}


def _row(quantity: str, figure: Mapping[str, Any]) -> tuple[str, str, str, str]:
    low, high = (amount(quantity, figure[name]) for name in ("low", "high"))
    between = "" if figure["low"] == figure["high"] else f"{low} to {high}"
    return name_of(quantity), amount(quantity, figure["value"]), between, figure["basis"]
