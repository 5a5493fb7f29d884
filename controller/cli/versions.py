"""``trueup versions`` and ``trueup show``: what was made, where from, and what it is worth."""

from collections.abc import Mapping, Sequence

from controller.cli.failures import BadInputError, FailedError
from controller.cli.options import ApiUrlOption, JsonOption, ModelArgument, VersionArgument
from controller.cli.output import (
    Json,
    age,
    clock_time,
    coloured,
    estimate,
    print_facts,
    print_json,
    print_table,
    say,
    short_revision,
)
from controller.cli.setup import connect
from registry.amounts import amount, name_of
from registry.studies import STUDIES, of_rows, tables_of

NO_VERSIONS = "No versions yet. `trueup status {name}` says what the model waits for."
HEADLINE_METRICS = ("f1_macro", "accuracy", "token_f1", "exact_match", "perplexity", "loss")
VERDICT_COLOURS = {"pass": "green", "fail": "red", "inconclusive": "yellow"}
MOST_COLUMNS = 3
"""Estimates that fit side by side on a terminal."""
ALIAS_WHEN_LEFT_OUT = "live"
CHANGED_GATES = "these gates were changed after the training of this version started"


def versions(
    name: ModelArgument, *, json_: JsonOption = False, api_url: ApiUrlOption = None
) -> None:
    """List a model's versions and their quality."""
    with connect(api_url) as api:
        found = api.list_versions(name)
    if json_:
        print_json(found)
    elif found:
        _print_versions(found)
    else:
        say(NO_VERSIONS.format(name=name))


def show(
    version: VersionArgument,
    *,
    json_: JsonOption = False,
    api_url: ApiUrlOption = None,
) -> None:
    """Show one version: origin, quality, gates."""
    name, _, which = version.partition("@")
    with connect(api_url) as api:
        number = find_number(which or ALIAS_WHEN_LEFT_OUT, api.list_versions(name), model=name)
        detail = api.get_version(name, number)
    if json_:
        print_json(detail)
        return
    _print_origin(detail)
    _print_costs(detail["costs"])
    _print_metrics(of_rows(detail["metrics"]))
    _print_held_out(detail["rows"], detail["held_out"])
    for study in STUDIES:
        _print_study(study, detail["metrics"])
    _print_mitigation(detail["report"].get("mitigation"))
    _print_explanations(detail["report"].get("explain"), detail["metrics"])
    _print_gates(detail["gates"])
    _print_slices(detail["slices"])


def find_number(which: str, versions: Sequence[Json], *, model: str) -> int:
    """Find the number that ``which`` stands for: a number or an alias.

    Raises:
        BadInputError: It is neither.
        FailedError: There is no such version.
    """
    by_alias = {alias: one["number"] for one in versions for alias in one["aliases"]}
    if which in by_alias:
        return int(by_alias[which])
    numbers = [one["number"] for one in versions]
    if which.isdecimal():
        if int(which) in numbers:
            return int(which)
        known = ", ".join(str(number) for number in numbers) or "none yet"
        raise FailedError(f"{model} has no version {which}", fix=f"its versions: {known}")
    if which == ALIAS_WHEN_LEFT_OUT:
        raise FailedError(f"{model} has no live version", fix=f"trueup versions {model}")
    known = ", ".join(sorted(by_alias)) or "none yet"
    raise BadInputError(
        f"{which!r} is neither a version number nor an alias of {model}", fix=f"aliases: {known}"
    )


def _print_versions(found: Sequence[Json]) -> None:
    measured = {name for one in found for name in one["metrics"]}
    metric = next((name for name in HEADLINE_METRICS if name in measured), None)
    rows = [
        (
            str(one["number"]),
            one["state"],
            estimate(one["metrics"].get(metric)) if metric else "-",
            age(one["created_at"]),
            short_revision(one["revision"]),
            ", ".join(one["aliases"]) or "-",
        )
        for one in reversed(found)
    ]
    measure = (metric or "quality").upper()
    print_table(("VERSION", "STATE", measure, "AGE", "REVISION", "ALIASES"), rows)


def _print_origin(detail: Json) -> None:
    lineage: Mapping[str, Json] = detail["lineage"]
    base = lineage.get("base", {})
    seconds = detail["training"].get("duration_seconds")
    facts = {
        "version": f"{detail['number']} of {detail['model']}, {detail['state']}",
        "aliases": ", ".join(detail["aliases"]) or "-",
        "made": clock_time(detail["created_at"]) + (f", in {seconds:.0f} s" if seconds else ""),
        "revision": detail["revision"],
        "digest": detail["training_digest"],
        "base": f"{base.get('model', '-')} {base.get('revision', '')}".strip(),
        "run": detail["run_id"],
        "files": ", ".join(f"{path} ({_size(one)})" for path, one in detail["files"].items()),
    }
    if search := lineage.get("search"):
        facts["search"] = (
            f"trial {search['chosen']} of {len(search['trials'])}, the best by {search['metric']} "
            f"on validation rows (trueup trials {detail['model']}@{detail['number']})"
        )
    print_facts(facts)


def _print_costs(costs: Sequence[Json]) -> None:
    if not costs:
        return
    say()
    rows = [
        (
            name_of(one["quantity"]),
            amount(one["quantity"], one["planned"]),
            amount(one["quantity"], one["actual"]),
            "-" if one["ratio"] is None else f"{one['ratio']:.2f}",
            one["basis"] or "not planned",
        )
        for one in costs
    ]
    print_table(("COST", "PLANNED", "ACTUAL", "RATIO", "PLANNED FROM"), rows)


def _print_metrics(metrics: Mapping[str, Json]) -> None:
    say()
    if not metrics:
        say("Not evaluated yet.")
        return
    rows = [(name, estimate(one), str(one["n"]), one["method"]) for name, one in metrics.items()]
    print_table(("METRIC", "VALUE [95 %]", "N", "METHOD"), rows)


def _print_held_out(rows: Json | None, used: Json | None) -> None:
    """Print what near twins do to the metrics, and how often the file was used."""
    if rows:
        judged = "the clean rest" if rows["judged"] == "clean" else "all rows"
        say()
        say(
            f"{rows['near_twins']:,} of {rows['test_rows']:,} held-out rows nearly repeat a "
            f"training row; gates judge {judged}."
        )
        both = [one for one in rows["metrics"] if one["clean"] and one["all_rows"]]
        lines = [(one["metric"], estimate(one["clean"]), estimate(one["all_rows"])) for one in both]
        print_table(("METRIC", "CLEAN REST [95 %]", "ALL ROWS [95 %]"), lines)
    if used:
        say()
        count = used["candidates"]
        said = f"The test file has judged {count} candidate{'s' if count != 1 else ''}"
        worn = f"; from {used['warn_after']} on the best of them is partly luck"
        say(coloured(said + worn, "yellow") if used["is_worn"] else f"{said}.")


def _print_study(study: str, metrics: Mapping[str, Json]) -> None:
    for quantities, subjects in tables_of(metrics, study):
        if len(quantities) > MOST_COLUMNS:
            _print_subjects(study, quantities, subjects)
            continue
        say()
        rows = [
            (subject, *(estimate(one) for one in values), str(max(one["n"] for one in values)))
            for subject, values in subjects.items()
        ]
        heads = (f"{quantity.replace('_', ' ').upper()} [95 %]" for quantity in quantities)
        print_table((study.upper(), *heads, "N"), rows)


def _print_subjects(
    study: str, quantities: Sequence[str], subjects: Mapping[str, Sequence[Json]]
) -> None:
    """One table for each subject: its quantities are too many to stand side by side."""
    for subject, values in subjects.items():
        say()
        rows = [
            (quantity.replace("_", " "), estimate(one), str(one["n"]))
            for quantity, one in zip(quantities, values, strict=True)
        ]
        print_table((f"{study} of {subject}".upper(), "VALUE [95 %]", "N"), rows)


def _print_mitigation(found: Json | None) -> None:
    if found is None:
        return
    say()
    if found["against"] is None:
        say(f"Mitigation: {found['message']}. To get one, {found['fix']}.")
        return
    rows = [
        (
            name,
            *(f"{one[part]['value']:.3f}" for part in ("with", "without")),
            estimate(one["change"]),
        )
        for name, one in found["metrics"].items()
    ]
    print_table(("MITIGATION", "WITH IT", f"V{found['against']}", "CHANGE [95 %]"), rows)


def _print_explanations(found: Json | None, metrics: Mapping[str, Json]) -> None:
    if found is None:
        return
    say()
    told = {
        name: metrics.get(f"explain.{name}") for name in ("faithfulness_gain", "convergence_delta")
    }
    figures = [f"{name.replace('_', ' ')} {estimate(one)}" for name, one in told.items() if one]
    say(f"Explained {found['rows']:,} answers, {found['wrong']:,} wrong: {', '.join(figures)}.")
    for one in found["spurious"]:
        words = ", ".join(one["words"])
        what = f"{one['label']} goes by {one['kind']} ({words}): {one['share']:.0%} of its support"
        say(coloured(f"{what} in {one['rows']:,} rows.", "yellow"))


def _print_gates(report: Json | None) -> None:
    say()
    if report is None:
        say("Not judged by its gates yet.")
        return
    if report["gates_changed_after_training"]:
        say(coloured(f"Marked: {CHANGED_GATES}.", "yellow"))
    rows = [
        (coloured(one["verdict"], VERDICT_COLOURS.get(one["verdict"], "")), one["message"])
        for one in report["verdicts"]
    ]
    print_table(("VERDICT", "GATE"), rows)


def _print_slices(slices: Mapping[str, Mapping[str, Json]]) -> None:
    if not slices:
        return
    measured = {name for metrics in slices.values() for name in metrics}
    metric = next((name for name in HEADLINE_METRICS if name in measured), None)
    if metric is None:
        return
    say()
    rows = [
        (name, estimate(metrics.get(metric)), str(metrics.get(metric, {}).get("n", "-")))
        for name, metrics in slices.items()
    ]
    print_table(("SLICE", f"{metric.upper()} [95 %]", "N"), rows)


def _size(blob: Json) -> str:
    size = float(blob["size_bytes"])
    for unit in ("B", "kB"):
        if size < 1000:  # noqa: PLR2004  (SI)
            return f"{size:.0f} {unit}"
        size /= 1000
    return f"{size:.1f} MB"
