"""One gate with the evidence it is held against, and how its verdicts are written. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from controller.evaluation.as_it_is import BASE
from controller.evaluation.evidence import Evidence
from controller.gates.criteria import Decision
from controller.gates.differences import Pair
from controller.gates.wording import named
from registry.records import Estimate, GateVerdict, Verdict
from specs.gates import Gate

_MAY_BE_ABSENT = frozenset({"live", "previous"})
"""Names that stand for no version while a model is new."""


@dataclass(frozen=True)
class Case:
    """One gate, the version that is judged, and those that it may be compared with."""

    gate: Gate
    candidate: Evidence
    against: Mapping[str | int, Evidence]

    @cached_property
    def pair(self) -> Pair | None:
        """The two versions of a comparison; None: the gate is a limit, or there is no other."""
        other = None if self.gate.against is None else self.against.get(self.gate.against)
        return None if other is None else Pair(self.candidate, other)

    @property
    def without_comparison(self) -> Decision | None:
        """What follows where a gate compares and there is nothing to compare with."""
        gate, pair = self.gate, self.pair
        if gate.against is None:
            return None
        if pair is None:
            return _nothing_to_compare_with(gate)
        if pair.other.version == self.candidate.version:
            message = f"this version is itself {gate.against}"
            return Decision(Verdict.PASS, needed_of(gate), message)
        return None

    def verdict(
        self, name: str | None, decision: Decision, evidence: Estimate | None = None
    ) -> GateVerdict:
        """Write down a decision about one slice (None: all rows)."""
        verdict = decision.verdict
        is_stopping = verdict is Verdict.FAIL or (
            verdict is Verdict.INCONCLUSIVE and self.gate.blocks_when_inconclusive
        )
        is_about_slice = name is not None and decision.evidence is not None
        return GateVerdict(
            gate=_as_declared(self.gate),
            slice=name,
            verdict=verdict,
            blocks=self.gate.level == "block" and is_stopping,
            evidence=decision.evidence or evidence,
            needed=decision.needed,
            message=f"{name}: {decision.message}" if is_about_slice else decision.message,
            bounds=decision.bounds,
            test=decision.test,
            discordant=decision.discordant,
            more_rows=decision.more_rows,
        )


def no_common_rows(case: Case) -> Decision:
    """What follows where two versions were measured on different rows."""
    assert case.pair is not None, "rows are asked for where there is another version"
    other = named(case.pair.other.version)
    message = f"{case.gate.metric}: no held-out row in common with {other}; evaluate it again"
    return Decision(Verdict.INCONCLUSIVE, needed_of(case.gate), message)


def needed_of(gate: Gate) -> float:
    """The declared number of a gate; the first, where it has two."""
    bounds = (gate.min, gate.max, gate.max_drop, gate.min_gain)
    return next(bound for bound in bounds if bound is not None)


def _nothing_to_compare_with(gate: Gate) -> Decision:
    needed = needed_of(gate)
    if gate.against in _MAY_BE_ABSENT:
        return Decision(Verdict.PASS, needed, f"no {gate.against} version to compare with")
    what = "the base" if gate.against == BASE else f"version {gate.against}"
    message = f"there is no evidence of {what} to compare with; evaluate it first"
    return Decision(Verdict.INCONCLUSIVE, needed, message)


def _as_declared(gate: Gate) -> dict[str, Any]:
    return gate.model_dump(exclude_none=True)
