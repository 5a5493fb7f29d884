"""Judge evidence by gates: every gate gives one verdict, or one for each slice it is about.

A verdict is by one-sided 95 % bounds. Overall gates block on ``fail`` and on ``inconclusive``: what
has not been shown is not assumed. A slice has few rows and there are many of them, so there
``inconclusive`` only warns, unless the gate says otherwise, and a failure is corrected over all
slices of the gate. An override lifts the block of a verdict, never the verdict.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from controller.evaluation.evidence import Evidence
from controller.gates.case import Case, no_common_rows
from controller.gates.claims import absolute_claims, relative_claims, tested
from controller.gates.criteria import Decision, decide
from controller.gates.significance import alone
from controller.gates.slices import judge_slices
from registry.records import Estimate, GateVerdict, Verdict
from specs.gates import Gate, Override

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
        for verdict in _judge_gate(Case(gate, candidate, against))
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


def _judge_gate(case: Case) -> list[GateVerdict]:
    if case.gate.slice is not None:
        return judge_slices(case)
    evidence = case.candidate.metrics[case.gate.metric]
    return [case.verdict(None, _decide(case, evidence), evidence)]


def _decide(case: Case, evidence: Estimate) -> Decision:
    gate, pair = case.gate, case.pair
    ended = case.without_comparison
    if ended is not None:
        return ended
    if pair is None:
        return decide(absolute_claims(gate, evidence))
    compared = pair.compare(gate.metric, None)
    if compared is None:
        return no_common_rows(case)
    claims = relative_claims(gate, compared, pair.other.version)
    if compared.discordant is None:
        return decide(claims)
    # The bounds decide; what McNemar says of the same counts is told beside them.
    told = [tested(claim, among=1) for claim in claims]
    return decide([replace(one, test=alone(one.test)) for one in told if one.test is not None])
