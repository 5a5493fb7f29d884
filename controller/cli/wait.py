"""``trueup wait``: block until something is true of a model, for scripts and impatient people."""

import re
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from controller.cli.failures import BadInputError, FailedError
from controller.cli.options import ApiUrlOption, JsonOption, ModelArgument
from controller.cli.output import Json, print_json, say
from controller.cli.setup import connect

if TYPE_CHECKING:
    from registry.client import Client

POLL_SECONDS = 0.25
UNREACHABLE_SECONDS = 30.0
"""How long the API may be away before waiting for it makes no sense."""
NOT_FOUND = 404
VERSION = re.compile(r"version=([1-9][0-9]*)")

ForOption = Annotated[
    str,
    typer.Option(
        "--for",
        metavar="WHAT",
        help="A condition (Ready, GatesPassed, DataDriftDetected, ... or Ready=False), or "
        "version=N: that version is live.",
    ),
]
TimeoutOption = Annotated[
    float, typer.Option("--timeout", min=0, metavar="SECONDS", help="How long to wait at most.")
]
RevisionOption = Annotated[
    str | None,
    typer.Option(
        "--revision",
        metavar="COMMIT",
        help="Of this commit (its first digits will do), not of an earlier one.",
    ),
]


@dataclass(frozen=True)
class Wish:
    """What is waited for."""

    text: str
    holds: Callable[[Json], bool]
    """Whether a model's status fulfils it."""


def wait(
    name: ModelArgument,
    *,
    for_: ForOption,
    timeout: TimeoutOption = 600.0,
    revision: RevisionOption = None,
    json_: JsonOption = False,
    api_url: ApiUrlOption = None,
) -> None:
    """Wait until something is true of a model.

    Exit 0 when it is, 1 when it is not in time.
    """
    wish = parse_wish(for_, revision=revision)
    with connect(api_url) as api:
        model = _poll(_Watcher(api, name), wish, timeout)
    if json_:
        print_json(model)
    else:
        say(f"{name}: {wish.text}")


def parse_wish(text: str, *, revision: str | None = None) -> Wish:
    """Read what ``--for`` names.

    Raises:
        BadInputError: There is no such condition; it names the nearest.
    """
    if version := VERSION.fullmatch(text):
        number = int(version[1])
        return Wish(text, lambda model: model["live_version"] == number)
    from specs.conditions import ConditionStatus, ConditionType
    from specs.problems import suggest

    condition, _, wanted = text.partition("=")
    wanted = wanted or ConditionStatus.TRUE.value
    known = [one.value for one in ConditionType]
    if condition not in known:
        fix = suggest(condition, [*known, "version=N"])
        raise BadInputError(f"--for {text}: there is no condition {condition!r}", fix=fix)
    statuses = [one.value for one in ConditionStatus]
    if wanted not in statuses:
        fix = suggest(wanted, statuses)
        raise BadInputError(f"--for {text}: {wanted!r} is not a status", fix=fix)

    def holds(model: Json) -> bool:
        return any(
            one["type"] == condition
            and one["status"] == wanted
            and is_at(one["observed_revision"], revision)
            for one in model["conditions"]
        )

    return Wish(text if revision is None else f"{text} at {revision}", holds)


def is_at(observed: str | None, wanted: str | None) -> bool:
    """Whether an observed revision is the commit that was asked for; any will do for None."""
    if wanted is None:
        return True
    commit = wanted.rpartition("sha1:")[2].lower()
    return observed is not None and observed.rpartition("sha1:")[2].startswith(commit)


class _Watcher:
    """Asks for one model's status, through the minutes when there is none."""

    def __init__(self, api: "Client", name: str) -> None:
        self._api = api
        self._name = name
        self._away_since: float | None = None
        self.why_away: Exception | None = None
        """Why the API did not answer the last time it was asked."""

    def look(self) -> Json | None:
        """Return the status; None while the model is unknown or the API does not answer."""
        from registry.client import ApiError, ApiUnreachableError

        try:
            model = self._api.get_model(self._name)
        except ApiError as error:
            if error.status != NOT_FOUND:
                raise
            model = None
        except ApiUnreachableError as error:
            self.why_away = error
            self._away_since = self._away_since or time.monotonic()
            if time.monotonic() - self._away_since > UNREACHABLE_SECONDS:
                raise
            return None
        self._away_since = self.why_away = None
        return model


def _tell(model: Json | None, said: str) -> str:
    """Say on stderr what the model waits for, when that has changed; return what is said now."""
    news = _news(model)
    if news != said:
        sys.stderr.write(f"waiting: {news}\n")
    return news


def _news(model: Json | None) -> str:
    if model is None:
        return "the model is not known yet"
    if run := model["run"]:
        # Without its seconds left: a line a phase, not a line a moment.
        is_trial = run["kind"] == "trial"
        what = model["waiting_for"].partition(":")[0] if is_trial else run["kind"]
        return f"{what} ({run['progress']['phase'] if run['progress'] else 'starting'})"
    return model["waiting_for"] or "nothing else to do"


def _poll(watcher: _Watcher, wish: Wish, timeout: float) -> Json:
    deadline = time.monotonic() + timeout
    said = ""
    while True:
        model = watcher.look()
        if model is not None and wish.holds(model):
            return model
        said = _tell(model, said)
        left = deadline - time.monotonic()
        if left <= 0 and watcher.why_away is not None:
            raise watcher.why_away
        if left <= 0:
            raise FailedError(
                f"not {wish.text} after {timeout:g} s: {_news(model)}",
                fix="wait longer with --timeout SECONDS, or look at `trueup status` and `events`",
            )
        time.sleep(min(POLL_SECONDS, left))
