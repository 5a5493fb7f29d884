"""Frozen records of trials: what a search proposed, and what came of it."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from registry.records import Failure, Json
from specs.names import Digest


class TrialState(StrEnum):
    """Where a trial of a search is; it follows from the run of its digest."""

    PLANNED = "planned"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    PRUNED = "pruned"
    FAILED = "failed"


@dataclass(frozen=True)
class TrialDraft:
    """One trial as a search proposes it."""

    model: str
    search_digest: Digest
    """The training digest of the spec with the search: that of the version it ends in."""
    number: int
    """From 1."""
    of: int
    """How many trials the search has."""
    digest: Digest
    """The training digest of the trial's own inputs."""
    base: str
    parameters: Json
    """Field → value, as the spec names them."""
    metric: str
    """What the search goes by, measured on the validation rows."""


@dataclass(frozen=True)
class TrialRecord(TrialDraft):
    """One trial as it was proposed, and what came of it."""

    created_at: datetime
    state: TrialState
    run_id: str | None
    """The run that trained this digest; None until there is one."""
    version: int | None
    """The version that has this very training digest, when there is one."""
    value: float | None
    """The metric on the validation rows; None unless it succeeded."""
    curve: tuple[float, ...]
    """The metric after each validation."""
    is_reused: bool
    """Trained before this search asked for it: nothing was spent."""
    seconds: float | None
    failure: Failure | None

    @property
    def has_ended(self) -> bool:
        """Whether nothing more comes of it."""
        return self.state not in {TrialState.PLANNED, TrialState.RUNNING}
