"""Options and arguments that several commands share, and the way to write their examples."""

from typing import Annotated

import typer

ModelArgument = Annotated[str, typer.Argument(metavar="NAME", help="The model's name.")]
OptionalModelArgument = Annotated[
    str | None, typer.Argument(metavar="[NAME]", help="The model's name; all models without it.")
]
VersionArgument = Annotated[
    str, typer.Argument(metavar="NAME@N", help="A version by number or alias; NAME alone: live.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON, for scripts.")]
FollowOption = Annotated[bool, typer.Option("--follow", "-f", help="Go on as more comes.")]
ReasonOption = Annotated[
    str, typer.Option("--reason", metavar="TEXT", help="Why; it is kept on record.")
]
ApiUrlOption = Annotated[
    str | None,
    typer.Option(
        "--api-url",
        envvar="TRUEUP_API_URL",
        metavar="URL",
        help="Where the API answers. Default: http://127.0.0.1:8080, or as trueup.toml says.",
        show_envvar=False,
    ),
]


def examples(*lines: str) -> str:
    r"""Make the end of a help page; ``\b`` keeps the lines as they are."""
    return "\b\nExamples:\n" + "\n".join(f"  {line}" for line in lines)
