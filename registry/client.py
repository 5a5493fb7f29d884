"""The API's client: what the command line and the demo ask the registry through.

One method per route, JSON in and out. Nothing is asked before the first method is called.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import TracebackType
from typing import Any, BinaryIO, Self
from urllib.parse import quote

import httpx

from registry.errors import RegistryError

PREFIX = "/api/v1"
TIMEOUT_SECONDS = 30.0

Json = Mapping[str, Any]


class ApiUnreachableError(RegistryError):
    """Nothing that is the API answers at its address."""

    reason = "ApiUnreachable"

    def __init__(self, url: str, problem: str) -> None:
        """``url`` is the address that was asked."""
        super().__init__(f"the API at {url} does not answer: {problem}")
        self.url = url
        self.fix = "start it with `trueup up`, or say where it is: --api-url or TRUEUP_API_URL"


class ApiError(RegistryError):
    """The API answered that it will not, or cannot (an RFC 9457 problem)."""

    reason = "ApiError"

    def __init__(self, status: int, *, title: str, detail: str, fix: str | None) -> None:
        """The fields of the problem."""
        super().__init__(detail or title)
        self.status = status
        self.title = title
        self.detail = detail
        self.fix = fix


class Client:
    """The API at one address. Every method raises ApiError or ApiUnreachableError."""

    def __init__(self, base_url: str) -> None:
        """``base_url`` without a path, such as ``http://127.0.0.1:8080``."""
        self.base_url = base_url.rstrip("/")
        try:
            self._http = httpx.Client(base_url=self.base_url + PREFIX, timeout=TIMEOUT_SECONDS)
        except httpx.InvalidURL as error:
            raise ApiUnreachableError(base_url, str(error)) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the connections."""
        self._http.close()

    def list_models(self) -> list[Json]:
        """All models' status."""
        return self._list("/models")

    def get_model(self, name: str) -> Json:
        """One model's status."""
        return self._one(f"/models/{_part(name)}")

    def list_versions(self, name: str) -> list[Json]:
        """A model's versions, oldest first."""
        return self._list(f"/models/{_part(name)}/versions")

    def get_version(self, name: str, number: int) -> Json:
        """One version with everything that is known of it."""
        return self._one(f"/models/{_part(name)}/versions/{number}")

    def read_card(self, name: str, number: int) -> str:
        """One version's model card, in Markdown."""
        return self._ask("GET", f"/models/{_part(name)}/versions/{number}/card").text

    def read_card_document(self, name: str, number: int) -> Json:
        """The same card as a JSON document."""
        return self._one(f"/models/{_part(name)}/versions/{number}/card.json")

    def download(self, digest: str, into: BinaryIO, tell: Callable[[int], None]) -> None:
        """Write an artifact's bytes; ``tell`` hears of each piece's size as it arrives."""
        with self._streamed(f"/artifacts/{_part(digest)}") as answer:
            for piece in answer.iter_bytes():
                into.write(piece)
                tell(len(piece))

    def list_aliases(self, name: str) -> list[Json]:
        """Where each alias of a model points now."""
        return self._list(f"/models/{_part(name)}/aliases")

    def list_sources(self) -> list[Json]:
        """The repositories that are followed."""
        return self._list("/sources")

    def get_run(self, run_id: str) -> Json:
        """One run."""
        return self._one(f"/runs/{_part(run_id)}")

    def list_runs(self, name: str, *, limit: int = 50) -> list[Json]:
        """A model's runs, newest first."""
        return self._list(f"/models/{_part(name)}/runs", limit=limit)

    def get_search(self, name: str, *, version: int | None = None) -> Json:
        """A model's newest search, or the one that a version came from."""
        params = {} if version is None else {"version": version}
        return dict(self._send("GET", f"/models/{_part(name)}/trials", params=params))

    def get_data_report(self, name: str, *, version: int | None = None) -> Json:
        """What the data checks said of a model's newest rows, or of those of a version."""
        params = {} if version is None else {"version": version}
        return dict(self._send("GET", f"/models/{_part(name)}/data", params=params))

    def list_signals(self, name: str, *, limit: int = 100) -> list[Json]:
        """What detectors said about a model's traffic, newest first."""
        return self._list(f"/models/{_part(name)}/signals", limit=limit)

    def read_log(self, run_id: str, *, after: int = 0, limit: int = 1000) -> list[Json]:
        """What a run printed, from behind line ``after``."""
        return self._list(f"/runs/{_part(run_id)}/log", after=after, limit=limit)

    def read_curve(self, run_id: str) -> list[Json]:
        """What a run measured, step by step."""
        return self._list(f"/runs/{_part(run_id)}/curve")

    def list_events(
        self, *, model: str | None = None, after: int = 0, limit: int = 100
    ) -> list[Json]:
        """Events, oldest first: the newest ``limit``, or the next ones behind ``after``."""
        return self._list("/events", model=model, after=after, limit=limit)

    def roll_back(self, name: str, *, to: int | None, reason: str, by: str) -> Json:
        """Make an earlier version live at once, and hold it."""
        body = {"to": to, "reason": reason, "by": by}
        return self._act(f"/models/{_part(name)}/rollback", body)

    def release(self, name: str, *, reason: str, by: str) -> Json:
        """End a model's hold; return it."""
        return self._act(f"/models/{_part(name)}/release", {"reason": reason, "by": by})

    def reconcile(self, name: str, *, message: str) -> Json:
        """Ask for a look at a model; return the trigger."""
        return self._act(f"/models/{_part(name)}/reconcile", {"message": message})

    def _one(self, path: str) -> Json:
        return dict(self._send("GET", path))

    def _list(self, path: str, **asked: str | int | None) -> list[Json]:
        given = {name: value for name, value in asked.items() if value is not None}
        return list(self._send("GET", path, params=given))

    def _act(self, path: str, body: Json) -> Json:
        return dict(self._send("POST", path, json=dict(body)))

    def _send(self, method: str, path: str, **arguments: Any) -> Any:
        answer = self._ask(method, path, **arguments)
        try:
            return answer.json()
        except ValueError as error:
            raise ApiUnreachableError(self.base_url, "what answers is not the API") from error

    @contextmanager
    def _streamed(self, path: str) -> Iterator[httpx.Response]:
        try:
            with self._http.stream("GET", path) as answer:
                if answer.is_error:
                    answer.read()
                    raise _problem(answer)
                yield answer
        except httpx.HTTPError as error:
            raise ApiUnreachableError(self.base_url, str(error) or type(error).__name__) from error

    def _ask(self, method: str, path: str, **arguments: Any) -> httpx.Response:
        try:
            answer = self._http.request(method, path, **arguments)
        except httpx.HTTPError as error:
            raise ApiUnreachableError(self.base_url, str(error) or type(error).__name__) from error
        if answer.is_error:
            raise _problem(answer)
        return answer


def _part(name: str) -> str:
    """Quote a part of a path, so that a name never means another route."""
    return quote(name, safe="")


def _problem(answer: httpx.Response) -> ApiError:
    try:
        body = answer.json()
    except ValueError:
        body = {}
    body = body if isinstance(body, dict) else {}
    return ApiError(
        answer.status_code,
        title=str(body.get("title") or answer.reason_phrase),
        detail=str(body.get("detail") or f"the API answered {answer.status_code}"),
        fix=body.get("fix"),
    )
