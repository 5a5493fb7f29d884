"""Everything that a card is made from, and how its JSON documents are read."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from registry.cards.blocks import Cell
from registry.evidence import HeldOutFile
from registry.records import (
    AliasRecord,
    Estimate,
    EvaluationRecord,
    EventRecord,
    GateReport,
    HoldRecord,
    Json,
    QuarantineRecord,
    VersionRecord,
)


@dataclass(frozen=True)
class Known:
    """The stored evidence about one version."""

    version: VersionRecord
    evaluation: EvaluationRecord | None = None
    gates: GateReport | None = None
    aliases: tuple[str, ...] = ()
    spec: Json = field(default_factory=dict)
    """The model's last valid spec file: owner and labels are read from it."""
    data_report: Json | None = None
    """What the data checks said of the rows that it learned from."""
    held_out: HeldOutFile | None = None
    moves: Sequence[AliasRecord] = ()
    """Every place that ``live`` pointed at, oldest first."""
    holds: Sequence[HoldRecord] = ()
    """Holds of this version, oldest first."""
    events: Sequence[EventRecord] = ()
    """Promotions and rollbacks of the model, oldest first."""
    quarantine: QuarantineRecord | None = None

    @property
    def report(self) -> Mapping[str, Any]:
        """The evaluation's report; empty without one."""
        return {} if self.evaluation is None else mapping(self.evaluation.report)

    @property
    def training(self) -> Mapping[str, Any]:
        """What training was asked to do."""
        return mapping(mapping(self.version.lineage.get("inputs")).get("training"))

    @property
    def data(self) -> Mapping[str, Any]:
        """What data was asked for."""
        return mapping(mapping(self.version.lineage.get("inputs")).get("data"))

    @property
    def task(self) -> str | None:
        """The task, where it is recorded."""
        return self.data.get("task")

    @property
    def base(self) -> Mapping[str, Any]:
        """The base: ``model``, ``revision``, and ``licence`` where it declares one."""
        return mapping(self.version.lineage.get("base"))

    @property
    def labels(self) -> Mapping[str, Any]:
        """``metadata.labels`` of the spec: a person's own words."""
        return mapping(mapping(self.spec.get("metadata")).get("labels"))


def mapping(value: Any) -> Mapping[str, Any]:
    """A JSON object; empty where another release wrote something else, or nothing."""
    return value if isinstance(value, Mapping) else {}


def listed(value: Any) -> Sequence[Any]:
    """A JSON array; empty where there is none."""
    return value if isinstance(value, list | tuple) else ()


def number_in(value: Any) -> float | None:
    """A finite number, or None."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return value if is_number and math.isfinite(value) else None


def estimate_in(value: Any) -> Estimate | None:
    """An estimate as a report holds it, or None."""
    found = mapping(value)
    value, low, high = (_bound(found.get(name)) for name in ("value", "low", "high"))
    if number_in(found.get("value")) is None:
        return None
    return Estimate(value, low, high, int(found.get("n") or 0), str(found.get("method", "")))


def cell_of(value: Any) -> Cell:
    """Any JSON value as a cell: numbers and texts as they are, the rest in words."""
    if value is None or isinstance(value, str | float | Estimate):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {one}" for name, one in value.items()) or "none"
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value)) or "none"
    return str(value)


def words(name: str) -> str:
    """``near_twins`` is said ``near twins``."""
    return name.replace("_", " ")


def _bound(value: Any) -> float:
    found = number_in(value)
    return math.nan if found is None else float(found)
