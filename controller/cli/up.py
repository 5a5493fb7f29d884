"""``trueup up``: everything on this machine, under one supervisor."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from controller.cli.failures import BadInputError
from controller.cli.setup import load_settings

if TYPE_CHECKING:
    from controller.settings import ControllerSettings

RepoOption = Annotated[
    str | None,
    typer.Option("--repo", metavar="DIR_OR_URL", help="The repository to follow. [default: .]"),
]
HomeOption = Annotated[
    Path | None,
    typer.Option("--home", metavar="DIR", help="Holds all state. [default: ~/.trueup]"),
]


def _port_option(name: str, default: int) -> Any:
    about = f"[default: {default}]"
    return typer.Option(name, min=1, max=65535, metavar="PORT", help=about)


ApiPort = Annotated[int | None, _port_option("--api-port", 8080)]
GatewayPort = Annotated[int | None, _port_option("--gateway-port", 8081)]
MonitorPort = Annotated[int | None, _port_option("--monitor-port", 8082)]
ControllerPort = Annotated[int | None, _port_option("--controller-port", 8083)]


def up(
    *,
    repo: RepoOption = None,
    home: HomeOption = None,
    api_port: ApiPort = None,
    gateway_port: GatewayPort = None,
    monitor_port: MonitorPort = None,
    controller_port: ControllerPort = None,
) -> None:
    """Run everything on this machine until Ctrl-C.

    That is the web page and API, the gateway, the monitors and the controller.
    """
    from controller.cli.narrator import narrating
    from controller.supervisor.lock import holding
    from controller.supervisor.parts import check_ports, environment_of, parts_of
    from controller.supervisor.supervisor import Supervisor

    settings = load_settings(
        repo=repo,
        home=home,
        api_port=api_port,
        gateway_port=gateway_port,
        monitor_port=monitor_port,
        controller_port=controller_port,
    )
    settings = settings.model_copy(
        update={"repo": find_repo(settings), "home": settings.home.expanduser().absolute()}
    )
    parts = parts_of(settings)
    supervisor = Supervisor(
        parts,
        logs=settings.home / "logs",
        environment=environment_of(settings, os.environ),
        show=_show,
    )
    with holding(settings.home):
        check_ports(parts)
        _show(f"following {settings.repo}; state in {settings.home}")
        with narrating(parts[0].url, show=_show):
            supervisor.run()


def find_repo(settings: "ControllerSettings") -> str:
    """Name the repository to follow, absolutely when it is a folder.

    Raises:
        BadInputError: The folder is absent, or is no git repository; it says what to do.
    """
    folder = Path(settings.repo).expanduser()
    if not folder.exists():
        if is_url(settings.repo):
            return settings.repo
        fix = f"make one with: trueup init {settings.repo}"
        raise BadInputError(f"--repo {settings.repo}: there is no such folder", fix=fix)
    if not is_repository(folder):
        raise BadInputError(
            f"{folder.absolute()} is not a git repository",
            fix="make one with `trueup init DIR`, then `trueup up --repo DIR` (or run it in DIR)",
        )
    return str(folder.absolute())


def is_url(text: str) -> bool:
    """Whether git would fetch it from elsewhere: ``https://...``, ``git@host:path``."""
    return "://" in text or (":" in text and not text.startswith(("/", ".")))


def is_repository(folder: Path) -> bool:
    """Whether a folder is the top of a work tree, or a bare repository."""
    return (folder / ".git").exists() or (
        (folder / "HEAD").is_file() and (folder / "objects").is_dir()
    )


def _show(line: str) -> None:
    from time import strftime

    typer.echo(f"{strftime('%H:%M:%S')} {line}")
