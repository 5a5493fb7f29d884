"""``trueup pull``: a version as a folder that other tools load."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from controller.cli.failures import BadInputError
from controller.cli.options import ApiUrlOption, JsonOption, VersionArgument
from controller.cli.output import print_facts, print_json
from controller.cli.setup import connect, load_settings
from controller.cli.versions import ALIAS_WHEN_LEFT_OUT, find_number

if TYPE_CHECKING:
    # Types only: `trueup --help` must not load the client.
    from controller.export.fetching import Tell
    from controller.export.shaping import Pulled


def pull(
    version: VersionArgument,
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help="Where it goes: a folder that is not there yet.")
    ],
    *,
    merge: Annotated[
        bool, typer.Option("--merge", help="Merge the adapter into its base: one whole model.")
    ] = False,
    json_: JsonOption = False,
    api_url: ApiUrlOption = None,
) -> None:
    """Fetch a version as a folder that PEFT, transformers or vLLM loads as it is."""
    from controller.export.pulling import Wanted, pull_as_trained, pull_merged

    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise BadInputError(f"{folder} is there already", fix="name a folder that is not there")
    name, _, which = version.partition("@")
    with connect(api_url) as api, _progress() as tell:
        number = find_number(which or ALIAS_WHEN_LEFT_OUT, api.list_versions(name), model=name)
        wanted = Wanted(api, load_settings(), name, number, tell)
        put = pull_merged if merge else pull_as_trained
        pulled = put(wanted, folder.absolute())
    if json_:
        facts = asdict(pulled) | {"folder": str(pulled.folder), "model": name, "version": number}
        print_json(facts)
    else:
        _show(f"{name}@{number}", pulled)


@contextmanager
def _progress() -> "Iterator[Tell]":
    """A bar on the terminal's error stream: the answer itself may be read by a script."""
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn

    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("asking", total=None)

        def tell(file: str, done: int, total: int) -> None:
            words = file if done < total else "putting it together"
            progress.update(task, description=words, completed=done, total=total)

        yield tell


def _show(what: str, pulled: "Pulled") -> None:
    facts = {"version": what, "folder": str(pulled.folder), "method": pulled.method}
    if pulled.loads_with:
        facts["load with"] = pulled.loads_with
    if pulled.merge_difference is not None:
        facts["merged"] = f"outputs agree to {pulled.merge_difference:.1e} of the largest"
    if pulled.vllm_problems and pulled.task == "causal-lm":
        facts["vLLM"] = "; ".join(pulled.vllm_problems)
    print_facts(facts | {"more": f"{pulled.folder}/README.md"})
