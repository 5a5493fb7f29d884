"""``trueup validate``: are the specs right, before or after they are committed."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from controller.cli.failures import BadInputError, not_so
from controller.cli.options import JsonOption
from controller.cli.output import print_json, say
from controller.cli.setup import load_settings

if TYPE_CHECKING:
    from specs.errors import SpecError
    from specs.loader import LoadResult
    from specs.renames import Notice

FolderOption = Annotated[
    Path, typer.Option("--repo", metavar="DIR", help="The repository; this folder without it.")
]
RevisionOption = Annotated[
    str | None,
    typer.Option("--revision", metavar="REV", help="A commit, instead of the files as they are."),
]


def validate(
    *, repo: FolderOption = Path(), revision: RevisionOption = None, json_: JsonOption = False
) -> None:
    """Check every spec, and report all errors at once."""
    from specs.loader import load_specs

    folder = load_settings().specs_path
    files = _committed(repo, revision, folder) if revision else _present(repo, folder)
    result = load_specs(files)
    if json_:
        print_json(as_json(result))
    else:
        for error in _errors(result):
            typer.echo(str(error), err=True)
        for notice in _notices(result):
            say(f"note: {notice}")
        _summarise(files, result)
    if result.errors:
        not_so()


def as_json(result: "LoadResult") -> dict[str, Any]:
    """Put the result in the form that scripts read."""
    errors = [
        {
            "path": error.place.path,
            "line": error.place.line,
            "column": error.place.column,
            "field": error.place.field,
            "problem": error.problem,
            "fix": error.fix,
        }
        for error in _errors(result)
    ]
    notices = [
        {
            "path": notice.place.path,
            "line": notice.place.line,
            "column": notice.place.column,
            "field": notice.place.field,
            "text": notice.text,
        }
        for notice in _notices(result)
    ]
    models = {name: one.path for name, one in result.models.items()}
    return {"valid": not errors, "models": models, "errors": errors, "notices": notices}


def _notices(result: "LoadResult") -> "list[Notice]":
    return [notice for one in result.models.values() for notice in one.notices]


def _errors(result: "LoadResult") -> "list[SpecError]":
    return [error for found in result.errors.values() for error in found]


def _present(repo: Path, folder: str) -> dict[str, bytes]:
    from specs.loader import find_spec_files

    if not (repo / folder).is_dir():
        raise BadInputError(
            f"{repo / folder} is not a folder, so there are no specs",
            fix="run this in a repository made by `trueup init`, or name it with --repo DIR",
        )
    paths = [path.relative_to(repo).as_posix() for path in (repo / folder).rglob("*")]
    return {path: (repo / path).read_bytes() for path in find_spec_files(paths, folder)}


def _committed(repo: Path, revision: str, folder: str) -> dict[str, bytes]:
    from controller.errors import SourceError
    from controller.source.git import Git, process_environment
    from specs.loader import find_spec_files

    git = Git(repo, environment=process_environment())
    try:
        name = f"{revision}^{{commit}}"
        commit = git.text("rev-parse", "--verify", "--quiet", "--end-of-options", name)
    except SourceError as error:
        fix = "name a commit, branch or tag of this repository, or leave --revision out"
        raise BadInputError(f"{repo} has no revision {revision!r}", fix=fix) from error
    top = git.text("rev-parse", "--show-toplevel")
    whole = Git(Path(top), environment=process_environment())
    paths = find_spec_files(whole.names("ls-tree", "-r", "-z", "--name-only", commit), folder)
    return {path: whole.run("cat-file", "blob", f"{commit}:{path}") for path in paths}


def _summarise(files: Mapping[str, bytes], result: "LoadResult") -> None:
    if not files:
        say("There are no spec files here. `trueup init DIR` makes a repository with one.")
        return
    wrong = sum(len(errors) for errors in result.errors.values())
    if wrong:
        count = f"{len(result.errors)} of {len(files)}"
        typer.echo(f"{wrong} {_plural('error', wrong)} in {count} spec files", err=True)
        return
    names = ", ".join(sorted(result.models))
    say(f"{len(files)} {_plural('spec', len(files))} valid: {names}")


def _plural(noun: str, count: int) -> str:
    return noun if count == 1 else f"{noun}s"
