"""What the gateway does next about one model's versions. Pure: two values in, a decision out."""

from collections.abc import Mapping
from dataclasses import dataclass, field

FIRST_PAUSE_SECONDS = 1.0
LONGEST_PAUSE_SECONDS = 60.0


@dataclass(frozen=True)
class Wanted:
    """What the registry says: the aliases of one model."""

    live: int | None = None
    previous: int | None = None


@dataclass(frozen=True)
class Failed:
    """A version that could not be loaded."""

    attempts: int
    message: str
    retry_at: float
    """On the same clock as ``decide``'s ``now``."""


@dataclass(frozen=True)
class Held:
    """What the gateway has of one model."""

    answering: int | None = None
    warm: frozenset[int] = frozenset()
    """Loaded and able to answer at once."""
    loading: frozenset[int] = frozenset()
    failed: Mapping[int, Failed] = field(default_factory=dict)


@dataclass(frozen=True)
class Decision:
    """What to do, in this order: answer, then load, then free."""

    answering: int | None
    load: tuple[int, ...]
    free: frozenset[int]


def decide(wanted: Wanted, held: Held, *, now: float) -> Decision:
    """Decide what answers, what is loaded and what is freed.

    The live version answers as soon as it is warm; until then whatever answered goes on. The
    previous version is kept warm, so that a rollback answers at once, and is loaded only after
    the live one. Laws: what answers is warm and never freed; deciding again after the decision
    was carried out changes nothing.
    """
    if wanted.live is None:
        return Decision(None, (), held.warm)
    answering = wanted.live if wanted.live in held.warm else held.answering
    loadable = {wanted.live} if wanted.live not in held.warm else {wanted.live, wanted.previous}
    load = tuple(
        version
        for version in sorted(one for one in loadable if one is not None)
        if version not in held.warm and version not in held.loading and _may_try(version, held, now)
    )
    return Decision(answering, load, held.warm - {answering, wanted.live, wanted.previous})


def is_settled(wanted: Wanted, held: Held) -> bool:
    """Whether readiness need not wait: something answers, or what should cannot be loaded."""
    return wanted.live is None or held.answering is not None or wanted.live in held.failed


def failed_again(before: Failed | None, message: str, *, now: float) -> Failed:
    """Note one more failure; the pause before the next attempt doubles up to a minute."""
    attempts = (before.attempts if before else 0) + 1
    pause = min(FIRST_PAUSE_SECONDS * 2 ** (attempts - 1), LONGEST_PAUSE_SECONDS)
    return Failed(attempts, message, now + pause)


def _may_try(version: int, held: Held, now: float) -> bool:
    failure = held.failed.get(version)
    return failure is None or now >= failure.retry_at
