"""Judge evidence by gates: every gate gives one verdict, or one for each slice it is about.

A verdict is by one-sided 95 % bounds. Overall gates block on ``fail`` and on ``inconclusive``: what
has not been shown is not assumed. A slice has few rows and there are many of them, so there
``inconclusive`` only warns, unless the gate says otherwise; slices of fewer than ``MIN_SLICE_ROWS``
rows are named and not judged. An override lifts the block of a verdict, never the verdict.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from controller.evaluation.evidence import Evidence
from controller.gates.criteria import Decision, judge_absolute, judge_relative
from controller.gates.differences import slice_difference
from registry.records import Estimate, GateVerdict, Verdict
from specs.gates import ALL_SLICES, Gate, Override, are_about

MIN_SLICE_ROWS = 20
UNGATED = GateVerdict(
    gate={"metric": "ungated"},
    slice=None,
    verdict=Verdict.PASS,
    blocks=False,
    evidence=None,
    needed=0.0,
    message="ungated: the spec declares no gates, so nothing was judged",
)
"""What stands on record in place of verdicts where there are no gates."""
_MAY_BE_ABSENT = frozenset({"live", "previous"})
"""Names that stand for no version while a model is new."""


def judge(
    gates: Sequence[Gate],
    *,
    candidate: Evidence,
    against: Mapping[str | int, Evidence],
    overrides: Sequence[Override] = (),
) -> tuple[GateVerdict, ...]:
    """Hold a version's evidence against the declared gates.

    Args:
        gates: What success means. None at all: the spec said so, and the one verdict says it too.
        candidate: Evidence of the version that is judged.
        against: Evidence of the versions that gates name (``live``, ``previous``, a number). Of
            ``live`` and ``previous``, one that is not here does not exist: there is nothing to be
            worse than, so the gate passes.
        overrides: Those in force now. They lift blocks; every verdict stays what it is.

    Returns:
        Verdicts in the order of the gates; a gate on many slices gives one for each, by name.

    Raises:
        KeyError: An overall metric was not evaluated. The spec's loader refuses such gates.
    """
    if not gates:
        return (UNGATED,)
    return tuple(
        _lifted(verdict, overrides)
        for gate in gates
        for verdict in _judge_gate(_Case(gate, candidate, against))
    )


def passed(verdicts: Iterable[GateVerdict]) -> bool:
    """Whether nothing keeps the version from being promoted."""
    return not any(verdict.blocks for verdict in verdicts)


def _lifted(verdict: GateVerdict, overrides: Sequence[Override]) -> GateVerdict:
    """Lift the block of a verdict that somebody answers for."""
    metric = verdict.gate["metric"]
    found = next((one for one in overrides if one.covers(metric, verdict.slice)), None)
    if found is None or not verdict.blocks:
        return verdict
    message = (
        f"{verdict.message}; overridden by {found.approver} until {found.expires}: {found.reason}"
    )
    return replace(verdict, blocks=False, message=message, override=found.model_dump())


@dataclass(frozen=True)
class _Case:
    gate: Gate
    candidate: Evidence
    against: Mapping[str | int, Evidence]


def _judge_gate(case: _Case) -> list[GateVerdict]:
    if case.gate.slice is None:
        evidence = case.candidate.metrics[case.gate.metric]
        return [_verdict(case, None, _decide(case, None, evidence), evidence)]
    names = _slices_meant(case.gate.slice, case.candidate.slices)
    if not names:
        return [_nothing_to_judge(case)]
    return [_judge_slice(case, name) for name in names]


def _slices_meant(wanted: str, known: Iterable[str]) -> list[str]:
    """Name the slices that a gate is about: all, those of a family, or one."""
    return sorted(name for name in known if are_about(wanted, name))


def _judge_slice(case: _Case, name: str) -> GateVerdict:
    gate, measured = case.gate, case.candidate.slices[name]
    rows = max((estimate.n for estimate in measured.values()), default=0)
    evidence = measured.get(gate.metric)
    if evidence is None:
        message = f"{gate.metric} is not measured in {name}; not judged"
    elif rows < MIN_SLICE_ROWS:
        message = (
            f"{name} is too small to judge: {gate.metric} {evidence.value:.3f} over "
            f"{rows} rows, {MIN_SLICE_ROWS} are needed"
        )
    else:
        return _verdict(case, name, _decide(case, name, evidence), evidence)
    decision = Decision(Verdict.INCONCLUSIVE, _needed(gate), message)
    return _verdict(case, name, decision, evidence)


def _decide(case: _Case, name: str | None, evidence: Estimate) -> Decision:
    gate = case.gate
    if gate.against is None:
        return judge_absolute(gate, evidence)
    other = case.against.get(gate.against)
    if other is None:
        return _nothing_to_compare_with(gate)
    if other.version == case.candidate.version:
        message = f"this version is itself {gate.against}; {gate.metric} {evidence.value:.3f}"
        return Decision(Verdict.PASS, _needed(gate), message)
    difference = slice_difference(gate.metric, case.candidate, other, name)
    return judge_relative(gate, difference, other.version)


def _nothing_to_compare_with(gate: Gate) -> Decision:
    needed = _needed(gate)
    if gate.against in _MAY_BE_ABSENT:
        return Decision(Verdict.PASS, needed, f"no {gate.against} version to compare with")
    message = f"there is no evidence of version {gate.against} to compare with; evaluate it first"
    return Decision(Verdict.INCONCLUSIVE, needed, message)


def _nothing_to_judge(case: _Case) -> GateVerdict:
    gate = case.gate
    known = ", ".join(sorted(case.candidate.slices)) or "none"
    what = "no slices are declared" if gate.slice == ALL_SLICES else f"no row is in {gate.slice}"
    message = f"{gate.metric}: {what} (slices with rows: {known})"
    return _verdict(case, gate.slice, Decision(Verdict.INCONCLUSIVE, _needed(gate), message), None)


def _verdict(
    case: _Case, name: str | None, decision: Decision, evidence: Estimate | None
) -> GateVerdict:
    is_stopping = decision.verdict is Verdict.FAIL or (
        decision.verdict is Verdict.INCONCLUSIVE and case.gate.blocks_when_inconclusive
    )
    return GateVerdict(
        gate=_as_declared(case.gate),
        slice=name,
        verdict=decision.verdict,
        blocks=case.gate.level == "block" and is_stopping,
        evidence=decision.evidence or evidence,
        needed=decision.needed,
        message=f"{name}: {decision.message}" if name and decision.evidence else decision.message,
    )


def _as_declared(gate: Gate) -> dict[str, Any]:
    return gate.model_dump(exclude_none=True)


def _needed(gate: Gate) -> float:
    """The declared number of a gate; the first, where it has two."""
    bounds = (gate.min, gate.max, gate.max_drop, gate.min_gain)
    return next(bound for bound in bounds if bound is not None)
