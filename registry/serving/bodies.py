"""Reading a request's body: bounded in size and time, and checked against what it should be."""

import asyncio
from collections.abc import Iterator
from typing import Annotated, Any, TypeVar
from uuid import uuid4

from pydantic import BaseModel, StringConstraints, ValidationError
from starlette.requests import Request

from registry.serving.errors import BodyTooLargeError, Invalid, InvalidRequestError, SlowBodyError

MAX_BODY_BYTES = 8 * 2**20
MAX_DISCARDED_BYTES = 4 * MAX_BODY_BYTES
BODY_TIMEOUT_SECONDS = 30.0
MAX_TEXTS = 1_000
MAX_TEXT_BYTES = 32 * 2**10
MAX_SLICES = 20

Body = TypeVar("Body", bound=BaseModel)

Word = Annotated[
    str, StringConstraints(strict=True, min_length=1, max_length=200, pattern=r"^[^\x00-\x1f]*$")
]
"""An id, or a slice's name or value: short, and without control characters."""


async def read_body(request: Request) -> bytes:
    """Return the body.

    Raises:
        BodyTooLargeError: It is larger than 8 MiB.
        SlowBodyError: It did not arrive in time.
    """
    announced = request.headers.get("content-length", "")
    if announced.isdecimal() and int(announced) > MAX_DISCARDED_BYTES:
        raise BodyTooLargeError(MAX_BODY_BYTES)
    try:
        async with asyncio.timeout(BODY_TIMEOUT_SECONDS):
            return await _receive(request)
    except TimeoutError as error:
        raise SlowBodyError(BODY_TIMEOUT_SECONDS) from error


async def _receive(request: Request) -> bytes:
    received = bytearray()
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        # A client that is still sending cannot hear an answer: read on a while, keep nothing.
        if size <= MAX_BODY_BYTES:
            received += chunk
        elif size > MAX_DISCARDED_BYTES:
            break
    if size > MAX_BODY_BYTES:
        raise BodyTooLargeError(MAX_BODY_BYTES)
    return bytes(received)


def parse(kind: type[Body], body: bytes, *, fix: str) -> Body:
    """Check ``body`` against ``kind``.

    Raises:
        InvalidRequestError: With every field that is wrong; ``fix`` shows what a good body is.
    """
    try:
        return kind.model_validate_json(body)
    except ValidationError as error:
        found = error.errors(include_url=False, include_context=False, include_input=False)
        raise InvalidRequestError([_invalid(one) for one in found], fix=fix) from error


def check_texts(texts: list[str], *, field: str, fix: str) -> None:
    """Check how many texts there are, and how long each is.

    Raises:
        InvalidRequestError: There are none, too many, or one is too long.
    """
    invalid = list(_wrong_texts(texts, field))
    if invalid:
        raise InvalidRequestError(invalid, fix=fix)


def request_ids(count: int) -> list[str]:
    """Make an id for each text of a request that brought none."""
    first = uuid4().hex
    return [first] if count == 1 else [f"{first}-{index}" for index in range(count)]


def _wrong_texts(texts: list[str], field: str) -> Iterator[Invalid]:
    if not texts:
        yield Invalid(field, "must hold at least one text")
    if len(texts) > MAX_TEXTS:
        yield Invalid(field, f"holds {len(texts)} texts, at most {MAX_TEXTS} go in one request")
        return
    for index, text in enumerate(texts):
        # No character takes more than four bytes, so most texts need no encoding to be counted.
        if len(text) * 4 > MAX_TEXT_BYTES and len(text.encode()) > MAX_TEXT_BYTES:
            yield Invalid(f"{field}[{index}]", f"is longer than {MAX_TEXT_BYTES // 2**10} KiB")


def _invalid(error: Any) -> Invalid:
    path = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in error["loc"])
    return Invalid(path.lstrip(".") or "body", _PLAIN.get(error["type"], error["msg"]))


_PLAIN = {
    "missing": "is required",
    "extra_forbidden": "is not a field of this request",
    "string_type": "must be a string",
    "list_type": "must be a list",
    "dict_type": "must be an object",
    "string_pattern_mismatch": "must not hold control characters",
    "too_short": "must not be empty",
    "string_too_short": "must not be empty",
}
