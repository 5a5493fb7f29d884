"""``trueup card``: the model card of a version, from stored evidence."""

import typer

from controller.cli.options import ApiUrlOption, JsonOption, VersionArgument
from controller.cli.output import print_json
from controller.cli.setup import connect
from controller.cli.versions import ALIAS_WHEN_LEFT_OUT, find_number


def card(
    version: VersionArgument,
    *,
    json_: JsonOption = False,
    api_url: ApiUrlOption = None,
) -> None:
    """Print a version's model card, in Markdown."""
    name, _, which = version.partition("@")
    with connect(api_url) as api:
        number = find_number(which or ALIAS_WHEN_LEFT_OUT, api.list_versions(name), model=name)
        if json_:
            print_json(api.read_card_document(name, number))
        else:
            typer.echo(api.read_card(name, number), nl=False)
