"""``trueup reproduce``: train a version again from its lineage, and compare the files."""

import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from controller.cli.failures import not_so
from controller.cli.options import JsonOption, VersionArgument
from controller.cli.output import coloured, print_json, print_table, say
from controller.cli.plan import HomeOption, RepoOption
from controller.cli.setup import load_settings
from controller.cli.versions import ALIAS_WHEN_LEFT_OUT, find_number

if TYPE_CHECKING:
    # Types only: `trueup --help` must not load the store.
    from controller.context import Tools
    from controller.reproduce import FileComparison, Reproduction
    from registry.records import Progress, VersionRecord

SHORT_DIGEST = 19
KeepOption = Annotated[
    Path | None,
    typer.Option("--keep", metavar="DIR", help="Work in DIR, and leave everything there."),
]


def reproduce(
    version: VersionArgument,
    repo: RepoOption = None,
    home: HomeOption = None,
    keep: KeepOption = None,
    json_: JsonOption = False,
) -> None:
    """Train a version again from its lineage and compare its files. The registry stays as it is."""
    from controller.reproduce import reproduce as train_again
    from controller.wiring import open_tools

    tools = open_tools(load_settings(repo=repo, home=home))
    wanted = _version_of(tools, version)
    told = _Told(is_silent=json_)
    if keep is not None:
        keep.mkdir(parents=True)
        found = train_again(tools, wanted, keep.absolute(), tell=told)
    else:
        with tempfile.TemporaryDirectory(prefix="trueup-reproduce-") as work:
            found = train_again(tools, wanted, Path(work), tell=told)
    if json_:
        print_json(_as_json(found))
    else:
        _show(found)
    if not found.is_same:
        not_so()


def _version_of(tools: "Tools", named: str) -> "VersionRecord":
    from registry.store import aliases, versions

    name, _, which = named.partition("@")
    with tools.database.reading() as session:
        by_alias: dict[int, list[str]] = {}
        for alias in aliases.list_aliases(session, name):
            by_alias.setdefault(alias.version, []).append(alias.alias)
        known = [
            {"number": one.number, "aliases": by_alias.get(one.number, [])}
            for one in versions.list_versions(session, name)
        ]
        number = find_number(which or ALIAS_WHEN_LEFT_OUT, known, model=name)
        return versions.get_version(session, name, number)


class _Told:
    """Says each phase once, and a training's every tenth."""

    def __init__(self, *, is_silent: bool) -> None:
        self._is_silent = is_silent
        self._last = ("", -1)

    def __call__(self, progress: "Progress") -> None:
        tenth = int(progress.ratio * 10)
        if self._is_silent or (progress.phase, tenth) == self._last:
            return
        self._last = (progress.phase, tenth)
        at = f" {progress.step} of {progress.steps}" if progress.steps > 1 else ""
        say(f"{progress.phase}{at}{f': {progress.message}' if progress.message else ''}")


def _show(found: "Reproduction") -> None:
    rows = [_row(name, file) for name, file in found.files.items()]
    print_table(("FILE", "", "STORED", "MADE AGAIN", "DIFFERS BY"), rows)
    say()
    if found.differs:
        say("What is not as it was recorded:")
        for name, (then, now) in found.differs.items():
            say(f"  {name}: {then} then, {now} now")
    many = len(found.files)
    same = sum(file.is_same for file in found.files.values())
    verdict = "is reproduced" if found.is_same else "is NOT reproduced"
    say(
        f"{found.model}@{found.version} {verdict}: {same} of {many} files are the same,"
        f" bit for bit ({found.seconds:.0f} s)"
    )


def _row(name: str, file: "FileComparison") -> tuple[object, ...]:
    word = coloured("same", "green") if file.is_same else coloured("different", "red")
    gap = "-" if file.largest_difference is None else f"{file.largest_difference:.3g}"
    return name, word, _short(file.stored), _short(file.made), "" if file.is_same else gap


def _short(digest: str | None) -> str:
    return "-" if digest is None else digest[:SHORT_DIGEST]


def _as_json(found: "Reproduction") -> dict[str, object]:
    return {
        "model": found.model,
        "version": found.version,
        "same": found.is_same,
        "files": {
            name: {"same": file.is_same, **asdict(file)} for name, file in found.files.items()
        },
        "differs": {
            name: {"recorded": then, "now": now} for name, (then, now) in found.differs.items()
        },
        "seconds": round(found.seconds, 2),
    }
