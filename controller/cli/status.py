"""``trueup status``: what each model is, and the one thing it waits for."""

from collections.abc import Mapping, Sequence

from controller.cli.options import ApiUrlOption, JsonOption, OptionalModelArgument
from controller.cli.output import (
    MARKS,
    Json,
    age,
    bar,
    coloured,
    print_facts,
    print_json,
    print_table,
    say,
    short_revision,
    with_short_revisions,
)
from controller.cli.setup import connect

NO_MODELS = """\
No models yet. Commit a spec to the repository that `trueup up` follows:
`trueup init DIR` makes one. `trueup events` says what was found there."""
COLOURS = {"Ready": "green", "Stalled": "red", "Suspended": "yellow"}


def status(
    *, name: OptionalModelArgument = None, json_: JsonOption = False, api_url: ApiUrlOption = None
) -> None:
    """Show each model, and what it waits for."""
    with connect(api_url) as api:
        found = api.list_models() if name is None else api.get_model(name)
    if json_:
        print_json(found)
    elif isinstance(found, list):
        print_statuses(found)
    else:
        print_status(found)


def print_statuses(models: Sequence[Json]) -> None:
    """Print one line a model, and one more while it works on something."""
    if not models:
        say(NO_MODELS)
        return
    rows = []
    for model in models:
        rows.append((model["name"], _live(model), _state(model), _waiting(model)))
        if run := model["run"]:
            rows.append(("", "", "", progress(run)))
    print_table(("MODEL", "LIVE", "STATE", "WAITING FOR"), rows)


def print_status(model: Json) -> None:
    """Print all that is known of one model now."""
    facts = {
        "model": f"{model['name']} ({model['task'] or 'no valid spec yet'}), {model['path']}",
        "state": state_of(model),
        "live": _live(model),
        "revision": short_revision(model["revision"]),
        "waiting for": _waiting(model),
    }
    if run := model["run"]:
        facts["run"] = f"{run['kind']} {run['id']}, attempt {run['attempt']}"
        facts["progress"] = progress(run)
    if hold := model["hold"]:
        facts["hold"] = f"version {hold['version']}, by {hold['by']}: {hold['reason']}"
        facts[""] = f"to end it: trueup release {model['name']} --reason TEXT"
    print_facts(facts)
    say()
    rows = [_condition_row(one) for one in model["conditions"]]
    print_table(("CONDITION", "STATUS", "SINCE", "WHY"), rows)


def state_of(model: Json) -> str:
    """Put a model's conditions in one word, and what else one must not overlook."""
    from specs.conditions import LIVE_FAILS_GATES

    true = {one["type"] for one in model["conditions"] if one["status"] == "True"}
    words = [next((name for name in ("Stalled", "Suspended", "Ready") if name in true), "")]
    words[0] = words[0] or ("Reconciling" if "Reconciling" in true else "Not ready")
    if any(one["reason"] == LIVE_FAILS_GATES for one in model["conditions"]):
        words.append("live fails its gates")
    if "DataDriftDetected" in true:
        words.append("data drift")
    if model["hold"]:
        words.append("held")
    return ", ".join(words)


def progress(run: Json) -> str:
    """Draw how far a run is: its bar, its phase and how long it will take."""
    now: Mapping[str, float | str | None] | None = run["progress"]
    if not now:
        return f"{run['kind']}: starting"
    ratio = float(now["ratio"] or 0.0)
    eta = now["eta_seconds"]
    left = f", {float(eta):.0f} s left" if eta is not None else ""
    return f"{bar(ratio)} {ratio:4.0%} {now['phase']}{left}"


def _state(model: Json) -> object:
    state = state_of(model)
    return coloured(state, COLOURS.get(state.partition(",")[0], "yellow"))


def _live(model: Json) -> str:
    return f"version {model['live_version']}" if model["live_version"] else "-"


def _waiting(model: Json) -> str:
    return model["waiting_for"] or "nothing"


def _condition_row(condition: Json) -> tuple[object, ...]:
    why = f"{condition['reason']}: {condition['message']}" if condition["message"] else ""
    return (
        condition["type"],
        coloured(condition["status"], MARKS.get(condition["status"], "")),
        age(condition["last_transition_time"]),
        with_short_revisions(why or condition["reason"]),
    )
