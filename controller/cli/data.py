"""``trueup data``: what the checks say of a model's rows, from the registry or a working tree."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from controller.cli.failures import BadInputError, FailedError, not_so
from controller.cli.options import ApiUrlOption, JsonOption
from controller.cli.output import Json, coloured, print_json, print_table, say
from controller.cli.setup import connect, load_settings

if TYPE_CHECKING:
    from specs.model import ModelSpec

WhatArgument = Annotated[
    str, typer.Argument(metavar="NAME", help="A model; with --local, the path of its spec.")
]
VersionOption = Annotated[
    int | None,
    typer.Option("--version", metavar="N", help="The rows of this version, not the newest."),
]
CheckOption = Annotated[
    str | None,
    typer.Option("--check", metavar="CHECK", help="All rows and examples of one check."),
]
LocalOption = Annotated[
    bool,
    typer.Option("--local", help="Check the files of the working tree now; exit 1 when refused."),
]
FolderOption = Annotated[
    Path, typer.Option("--repo", metavar="DIR", help="With --local: the repository's top folder.")
]
DONE = {
    "fail": "failed",
    "drop": "dropped",
    "quarantine": "quarantined",
    "report": "reported",
    "exclude_from_gates": "left out",
    "skipped": "not checked",
}
COLOURS = {"fail": "red", "drop": "yellow", "quarantine": "yellow"}


def data(  # noqa: PLR0913  (typer makes an option of each)
    what: WhatArgument,
    *,
    version: VersionOption = None,
    check: CheckOption = None,
    local: LocalOption = False,
    repo: FolderOption = Path(),
    json_: JsonOption = False,
    api_url: ApiUrlOption = None,
) -> None:
    """Show what the data checks found, with row numbers and examples."""
    found = _local(what, repo) if local else _stored(what, version, api_url)
    report = found["report"]
    if check is not None and report is not None:
        _require_check(check, report)
    if json_:
        print_json(found if check is None or report is None else _of_check(check, report))
    elif report is None:
        _say_why_none(found, version)
    elif check is None:
        _show(found, report, again=f"{what} --local" if local else what)
    else:
        _show_check(check, report)
    if local and found["failure"]:
        not_so()


def _stored(name: str, version: int | None, api_url: str | None) -> Json:
    if name.endswith((".yaml", ".yml")):
        fix = f"trueup data {name} --local, or name the model"
        raise BadInputError(f"{name} is a spec, not a model", fix=fix)
    with connect(api_url) as api:
        return api.get_data_report(name, version=version)


def _local(path: str, repo: Path) -> Json:
    from controller.cli.plan_costs import progress_teller
    from controller.working_tree import check_working_tree

    spec = _read_spec(path)
    checked = check_working_tree(spec, repo, load_settings(), tell=progress_teller(spec.name))
    failure = checked.failure
    told = failure and {"reason": failure.reason, "message": failure.message, "fix": failure.fix}
    return {
        "model": checked.model,
        "version": None,
        "is_refused": failure is not None,
        "failure": told,
        "run": None,
        "digest": None,
        "report": checked.report,
    }


def _read_spec(path: str) -> "ModelSpec":
    from specs.loader import load_specs

    file = Path(path)
    if not file.is_file():
        fix = "with --local, name the spec's file, such as specs/support-intents.yaml"
        raise BadInputError(f"there is no file {path}", fix=fix)
    result = load_specs({file.as_posix(): file.read_bytes()})
    for error in (one for errors in result.errors.values() for one in errors):
        raise BadInputError(str(error), fix="trueup validate names every error")
    [loaded] = result.models.values()
    return loaded.spec


def _require_check(check: str, report: Json) -> None:
    known = sorted({*report.get("checks", {}), *(one["check"] for one in report["findings"])})
    if check not in known:
        raise BadInputError(f"there is no check {check!r}", fix=f"the checks: {', '.join(known)}")


def _of_check(check: str, report: Json) -> dict[str, Any]:
    return {
        "check": check,
        "action": report.get("checks", {}).get(check),
        "findings": [one for one in report["findings"] if one["check"] == check],
        "fact": report.get("facts", {}).get(check),
        "quarantined": [one for one in report["quarantined"] if one.get("check") == check],
    }


def _say_why_none(found: Json, version: int | None) -> None:
    failure = found["failure"]
    if failure:
        say(coloured("The rows were refused before any check ran.", "red"))
        _say_failure(failure)
        return
    about = f"version {version} of {found['model']}" if version else found["model"]
    fix = "it is made before the first training; trueup data SPEC.yaml --local makes one now"
    if version:
        fix = "it was made before reports were kept with versions"
    raise FailedError(f"there is no data report of {about}", fix=fix)


def _show(found: Json, report: Json, *, again: str) -> None:
    rows = ", ".join(f"{count:,} {split}" for split, count in report["rows"].items())
    about = f"version {found['version']} of " if found["version"] else ""
    say(f"Data of {about}{found['model']}: {rows} rows.")
    if found["failure"]:
        say(coloured("Refused: nothing is trained on these rows.", "red"))
        _say_failure(found["failure"])
    say()
    findings = sorted(report["findings"], key=lambda one: one["action"] != "fail")
    if findings:
        print_table(("CHECK", "SPLIT", "ACTION", "COUNT", "SEEN"), map(_row, findings))
    else:
        say("No check found anything.")
    advice = (report.get("facts", {}).get("learning_curve") or {}).get("said")
    if advice:
        say(f"\n{advice}.")
    if findings:
        say(f"\nRows and examples: trueup data {again} --check {findings[0]['check']}")


def _row(finding: Json) -> Sequence[Any]:
    action = str(finding["action"])
    return (
        finding["check"],
        finding["split"],
        coloured(DONE.get(action) or action, COLOURS.get(action, "")),
        f"{finding['count']:,}",
        finding["message"],
    )


def _show_check(check: str, report: Json) -> None:
    part = _of_check(check, report)
    if not part["findings"]:
        say(f"{check} found nothing.")
    for one in part["findings"]:
        file = report.get("files", {}).get(one["split"], one["split"])
        say(f"{file}: {one['message']}")
        if one["rows"]:
            say(f"  rows: {', '.join(map(str, one['rows']))}")
        for example in one["examples"]:
            say(f"  row {_told(example)}")
        say()
    fact = part["fact"]
    if isinstance(fact, dict) and fact.get("said"):
        say(f"{fact['said']}.")
    elif fact:
        say(f"measured: trueup data ... --check {check} --json")


def _told(example: Json) -> str:
    more = {key: one for key, one in example.items() if key not in ("row", "text", "target")}
    added = "".join(f"; {key} {one}" for key, one in more.items())
    return f"{example['row']}: {example['text']!r} ({example['target']}){added}"


def _say_failure(failure: Json) -> None:
    say(failure["message"])
    if failure["fix"]:
        say(f"  fix: {failure['fix']}")
