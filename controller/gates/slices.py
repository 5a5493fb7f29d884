"""Judge one gate on many slices: each by a test, corrected over all of them. Pure.

Slices of fewer than ``MIN_SLICE_ROWS`` rows are named and not judged; all of a family together are
judged as one, ``family=(other)``, and so are the values that are too many to be measured.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from controller.evaluation.metrics import METRICS, measure
from controller.evaluation.slices import slice_name
from controller.gates.case import Case, needed_of, no_common_rows
from controller.gates.claims import Claim, absolute_claims, relative_claims, tested
from controller.gates.criteria import Decision, decide
from controller.gates.differences import rows_with
from controller.gates.significance import alone, corrected
from registry.records import Estimate, GateVerdict, Verdict
from specs.gates import ALL_SLICES, are_about

MIN_SLICE_ROWS = 30
POOLED = "(other)"
"""Value under which the small slices of a family are judged together."""


@dataclass(frozen=True)
class _Part:
    """Rows that get one verdict."""

    name: str
    rows: int
    estimate: Estimate | None
    """Of the gate's metric; None: it is not measured there."""
    pooled: frozenset[str] = frozenset()
    """Values of the family that are judged together; empty: a slice of its own."""

    @property
    def family(self) -> str:
        return self.name.partition("=")[0]

    @property
    def is_judged(self) -> bool:
        return self.estimate is not None and self.rows >= MIN_SLICE_ROWS


def judge_slices(case: Case) -> list[GateVerdict]:
    """Give one verdict for each slice that the gate is about, by name."""
    named = [_part(case, name) for name in _slices_meant(case)]
    if not named:
        return [_nothing_to_judge(case)]
    parts = sorted([*named, *_pools(case, named)], key=lambda part: part.name)
    ended = case.without_comparison
    if ended is not None:
        return [case.verdict(part.name, ended, part.estimate) for part in parts]
    claims = {part.name: _claims(case, part) for part in parts if part.is_judged}
    decided = {name: decide(found) for name, found in _all_tested(case, claims).items() if found}
    return [
        case.verdict(part.name, decided.get(part.name) or _undecided(case, part), part.estimate)
        for part in parts
    ]


def _slices_meant(case: Case) -> list[str]:
    """Name the slices that the gate is about: all, those of a family, or one."""
    return sorted(name for name in case.candidate.slices if are_about(case.gate.slice, name))


def _part(case: Case, name: str) -> _Part:
    measured = case.candidate.slices[name]
    rows = max((estimate.n for estimate in measured.values()), default=0)
    return _Part(name, rows, measured.get(case.gate.metric))


def _pools(case: Case, named: Sequence[_Part]) -> Iterable[_Part]:
    """The small slices of each family, together; of a single one there is nothing to pool."""
    metric, wanted = case.gate.metric, case.gate.slice
    if metric not in METRICS:
        return
    rows = case.candidate.rows.counted
    large = {part.name for part in named if part.rows >= MIN_SLICE_ROWS}
    families = dict.fromkeys(part.family for part in named)
    for family in (one for one in families if wanted in (ALL_SLICES, one)):
        values = frozenset(rows.slices.get(family, ()))
        small = frozenset(value for value in values if slice_name(family, value) not in large)
        inside = np.flatnonzero(rows_with(rows, family, small))
        if len(small) > 1 and len(inside):
            estimate = measure(metric, rows.select(inside))
            yield _Part(f"{family}={POOLED}", len(inside), estimate, small)


def _claims(case: Case, part: _Part) -> list[Claim]:
    gate, pair = case.gate, case.pair
    if pair is None:
        assert part.estimate is not None, "only what was measured is judged"
        return absolute_claims(gate, part.estimate)
    if part.pooled:
        compared = pair.compare_pooled(gate.metric, part.family, part.pooled)
    else:
        compared = pair.compare(gate.metric, part.name)
    return [] if compared is None else relative_claims(gate, compared, pair.other.version)


def _all_tested(case: Case, claims: dict[str, list[Claim]]) -> dict[str, list[Claim]]:
    """Test every claim; correct over all of them, but where each slice stands for itself."""
    among = sum(len(found) for found in claims.values())
    with_tests = [
        (name, tested(one, among=among)) for name, found in claims.items() for one in found
    ]
    tests = [one.test for _, one in with_tests if one.test is not None]
    tests = [alone(test) for test in tests] if case.gate.critical else corrected(tests)
    found: dict[str, list[Claim]] = {name: [] for name in claims}
    for (name, one), test in zip(with_tests, tests, strict=True):
        found[name].append(replace(one, test=test, is_by_test=True))
    return found


def _undecided(case: Case, part: _Part) -> Decision:
    metric, estimate = case.gate.metric, part.estimate
    if estimate is None:
        message = f"{metric} is not measured in {part.name}; not judged"
    elif part.is_judged:
        return no_common_rows(case)
    else:
        what = f", {len(part.pooled)} slices together," if part.pooled else ""
        message = (
            f"{part.name}{what} is too small to judge: {metric} {estimate.value:.3f} over "
            f"{part.rows} rows, {MIN_SLICE_ROWS} are needed"
        )
        missing = MIN_SLICE_ROWS - part.rows
        return Decision(Verdict.INCONCLUSIVE, needed_of(case.gate), message, more_rows=missing)
    return Decision(Verdict.INCONCLUSIVE, needed_of(case.gate), message)


def _nothing_to_judge(case: Case) -> GateVerdict:
    """A slice that nobody is in shows nothing, now or later: that is an error, not a doubt."""
    gate = case.gate
    known = ", ".join(sorted(case.candidate.slices)) or "none"
    what = "no slices are declared" if gate.slice == ALL_SLICES else f"no row is in {gate.slice}"
    message = f"{gate.metric}: {what} (slices with rows: {known})"
    return case.verdict(gate.slice, Decision(Verdict.FAIL, needed_of(gate), message))
