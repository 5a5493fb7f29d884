"""Conditions: what is true of a model now, in the form Kubernetes users know."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from specs.names import Revision


class ConditionType(StrEnum):
    """The closed set of things a model can be asked. ``Ready`` is computed from the others."""

    READY = "Ready"
    RECONCILING = "Reconciling"
    STALLED = "Stalled"
    SUSPENDED = "Suspended"
    SOURCE_VERIFIED = "SourceVerified"
    DATA_READY = "DataReady"
    TRAINED = "Trained"
    EVALUATED = "Evaluated"
    GATES_PASSED = "GatesPassed"
    PROMOTED = "Promoted"
    DATA_DRIFT_DETECTED = "DataDriftDetected"
    DIVERGED = "Diverged"


NORMALLY_FALSE = frozenset(
    {
        ConditionType.RECONCILING,
        ConditionType.STALLED,
        ConditionType.SUSPENDED,
        ConditionType.DATA_DRIFT_DETECTED,
        ConditionType.DIVERGED,
    }
)
"""Negative polarity: ``True`` means that something needs a look."""


LIVE_FAILS_GATES = "LiveFailsGates"
"""Reason: what answers live traffic does not pass what is declared now."""


class ConditionStatus(StrEnum):
    """Three values: ``Unknown`` is not ``False``."""

    TRUE = "True"
    FALSE = "False"
    UNKNOWN = "Unknown"


@dataclass(frozen=True)
class Condition:
    """One statement about one model, at one revision."""

    type: ConditionType
    status: ConditionStatus
    reason: str
    message: str
    observed_revision: Revision | None
    last_transition_time: datetime
    """When ``status`` last changed; a new message alone does not move it. Aware, UTC."""
