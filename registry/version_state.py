"""The one word for where a version stands. Pure."""

from collections.abc import Collection
from enum import StrEnum

from registry.records import EvaluationRecord, GateReport
from specs.names import LIVE


class VersionState(StrEnum):
    """From the strongest statement to the weakest; a version has the first that is true."""

    LIVE = "live"
    QUARANTINED = "quarantined"
    PASSED = "passed"
    FAILED = "failed"
    EVALUATED = "evaluated"
    REGISTERED = "registered"


def version_state(
    *,
    aliases: Collection[str],
    is_quarantined: bool,
    gates: GateReport | None,
    evaluation: EvaluationRecord | None,
) -> VersionState:
    """Say where a version stands.

    Args:
        aliases: the names that point at it.
        is_quarantined: whether automation may not promote its digest.
        gates: the newest report on it.
        evaluation: the newest evidence about it.
    """
    if LIVE in aliases:
        return VersionState.LIVE
    if is_quarantined:
        return VersionState.QUARANTINED
    if gates is not None:
        return VersionState.PASSED if gates.passed else VersionState.FAILED
    return VersionState.REGISTERED if evaluation is None else VersionState.EVALUATED
