"""What a caller of the gateway can be told instead of an answer. The root stands in specs.errors.

GatewayError
├── UnknownModelError      404  no model of that name
├── UnknownVersionError    404  that version is not loaded here
├── NoLiveVersionError     503  nothing of this model may answer yet
├── InvalidRequestError    422  the body is not what the protocol says
├── BodyTooLargeError      413
├── SlowBodyError          408  the body did not arrive in time
├── OverloadedError        429  the queue of this model is full
├── AnswerTimeoutError     504  the answer took longer than a request may
└── AnswerFailedError      500  the version raised while answering
"""

from collections.abc import Sequence
from dataclasses import dataclass

from registry.errors import RegistryError


class GatewayError(RegistryError):
    """A request that gets no prediction."""

    status: int = 500
    outcome: str = "failed"
    """The value of the metric label ``outcome``: a small closed set."""
    retry_after_seconds: int | None = None
    version: int | None = None
    """The version that was asked, where one was."""


class UnknownModelError(GatewayError):
    """There is no model of that name."""

    reason = "UnknownModel"
    status = 404
    outcome = "unknown_model"

    def __init__(self, name: str, nearest: Sequence[str]) -> None:
        """``nearest`` holds the names that look most like ``name``."""
        super().__init__(f"there is no model {name!r}")
        self.name = name
        names = ", ".join(nearest)
        self.fix = (
            f"ask for one of: {names}" if names else "commit a spec, and wait until it is read"
        )


class UnknownVersionError(GatewayError):
    """That version of the model is not loaded here."""

    reason = "VersionNotLoaded"
    status = 404
    outcome = "unknown_version"

    def __init__(self, model: str, version: str, loaded: Sequence[int]) -> None:
        """``loaded`` holds the versions that could answer."""
        super().__init__(f"version {version} of {model} is not loaded")
        numbers = ", ".join(map(str, loaded)) or "none"
        self.fix = f"leave the version out to ask the live one (loaded: {numbers})"


class NoLiveVersionError(GatewayError):
    """The model is known, and no version of it answers yet."""

    reason = "NoLiveVersion"
    status = 503
    outcome = "no_live_version"
    retry_after_seconds = 5

    def __init__(self, model: str, waiting_for: str) -> None:
        """``waiting_for`` is the one thing the model waits for."""
        super().__init__(f"{model} has no live version yet: it waits for {waiting_for}")
        self.waiting_for = waiting_for
        self.fix = f"see `trueup status {model}`"


@dataclass(frozen=True)
class Invalid:
    """One thing that is wrong with a body."""

    field: str
    problem: str


class InvalidRequestError(GatewayError):
    """The body is not what the protocol says."""

    reason = "InvalidRequest"
    status = 422
    outcome = "invalid"

    def __init__(self, invalid: Sequence[Invalid], *, fix: str) -> None:
        """``invalid`` names every field that is wrong, not only the first."""
        super().__init__("; ".join(f"{one.field}: {one.problem}" for one in invalid))
        self.invalid = tuple(invalid)
        self.fix = fix


class BodyTooLargeError(GatewayError):
    """The body is larger than a request may be."""

    reason = "BodyTooLarge"
    status = 413
    outcome = "too_large"

    def __init__(self, limit_bytes: int) -> None:
        """``limit_bytes`` is what a body may have."""
        super().__init__(f"the body is larger than {limit_bytes // 2**20} MiB")
        self.fix = "send the texts in several requests"


class SlowBodyError(GatewayError):
    """The body did not arrive in time."""

    reason = "SlowBody"
    status = 408
    outcome = "invalid"

    def __init__(self, seconds: float) -> None:
        """``seconds`` is how long was waited."""
        super().__init__(f"the body did not arrive within {seconds:g} s")
        self.fix = "send the whole body at once"


class OverloadedError(GatewayError):
    """The queue of this model is full."""

    reason = "Overloaded"
    status = 429
    outcome = "overloaded"

    def __init__(self, model: str, retry_after_seconds: int) -> None:
        """``retry_after_seconds`` is about how long the queue needs to drain."""
        super().__init__(f"{model} has more texts waiting than it can answer in time")
        self.retry_after_seconds = retry_after_seconds
        self.fix = f"ask again in {retry_after_seconds} s, or send fewer texts at once"


class AnswerTimeoutError(GatewayError):
    """The answer took longer than a request may."""

    reason = "AnswerTimeout"
    status = 504
    outcome = "timeout"

    def __init__(self, model: str, seconds: float) -> None:
        """``seconds`` is how long was waited."""
        super().__init__(f"{model} did not answer within {seconds:g} s")
        self.fix = "send fewer or shorter texts in one request"


class AnswerFailedError(GatewayError):
    """The version raised while it was answering."""

    reason = "AnswerFailed"
    status = 500
    outcome = "failed"

    def __init__(self, model: str, version: int) -> None:
        """What exactly happened stands in the gateway's log, not in the answer."""
        super().__init__(f"version {version} of {model} failed on these texts")
        self.fix = (
            f"see the gateway's log; `trueup rollback {model}` brings back the version before"
        )
