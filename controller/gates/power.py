"""What a test set can show: the power of each gate, said before anything is trained. Pure."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from scipy.special import ndtr

from controller.data.held_out import HeldOut
from controller.evaluation.as_it_is import BASE
from controller.evaluation.intervals import CONFIDENCE, z_of
from controller.evaluation.means import Rate
from controller.evaluation.metrics import METRICS
from controller.gates import chances
from controller.gates.reach import Reach, is_share, reach_of
from registry.records import Estimate, EvaluationRecord, GateReport, GateVerdict
from specs.gates import Gate

CHURN = 0.05
"""Share of answers that training again is taken to change, where no earlier comparison says it."""
EXACT, AS_RATE, EARLIER, UNKNOWN = (
    "exact",
    "as for a rate",
    "from the last evaluation",
    "known after a first evaluation",
)
"""How the numbers were found."""
_COMPARED = ("max_drop", "min_gain")
_Row = tuple[str, str | None]
"""Metric and slice; None: all rows."""
_Change = tuple[str, str | None, str]
"""The same, and what it is compared with: ``base`` or ``version``."""


@dataclass(frozen=True)
class Known:
    """What earlier evidence says."""

    values: Mapping[_Row, Estimate] = field(default_factory=dict)
    changes: Mapping[_Change, Estimate] = field(default_factory=dict)
    """Differences to another version."""
    churn: Mapping[str, float] = field(default_factory=dict)
    """Share of the rows on which two versions disagreed, by what they were compared as: ``base``,
    or ``version``, whichever it was."""

    @property
    def rows(self) -> dict[str, int]:
        """Metric → rows that it was measured on."""
        return {metric: found.n for (metric, name), found in self.values.items() if name is None}


@dataclass(frozen=True)
class Power:
    """What one limit of one gate can show over one set of rows."""

    reach: Reach
    passes_at: float | None
    """The value, or gain, from which on it passes with 80 %; of ``max_drop`` see
    ``unchanged_passes``."""
    fails_at: float | None
    """The value, loss or gain from which on it fails with 80 %; None: none does, or unknown."""
    unchanged_passes: float | None
    """Of ``max_drop``: how often a version that is no worse passes."""
    churn: float | None
    """Of comparisons: the share of answers that is taken to change though nothing got worse."""
    basis: str


def known_from(evaluation: EvaluationRecord | None, report: GateReport | None) -> Known:
    """Collect what one version's evidence and verdicts say of how much the metrics vary."""
    values: dict[_Row, Estimate] = {}
    if evaluation is not None:
        values = {(metric, None): found for metric, found in evaluation.metrics.items()}
        for name, measured in evaluation.slices.items():
            values |= {(metric, name): found for metric, found in measured.items()}
    compared = [one for one in report.verdicts if "against" in one.gate] if report else []
    changes = {
        (one.gate["metric"], one.slice, _kind(one.gate["against"])): one.evidence
        for one in compared
        if one.evidence is not None
    }
    return Known(values, changes, _churn_of(compared))


def _churn_of(compared: Iterable[GateVerdict]) -> dict[str, float]:
    return {
        _kind(one.gate["against"]): sum(one.discordant) / one.evidence.n
        for one in compared
        if one.slice is None and one.discordant is not None and one.evidence is not None
    }


def _kind(against: str | int | None) -> str:
    """Training again changes other answers than training at all does."""
    return BASE if against == BASE else "version"


def power_of(gates: Sequence[Gate], held: HeldOut, known: Known) -> tuple[Power, ...]:
    """Say what each gate can show over the held-out rows, in the order of the gates."""
    return tuple(_power(reach, known) for reach in reach_of(gates, held, known.rows))


def _power(reach: Reach, known: Known) -> Power:
    metric = METRICS.get(reach.gate.metric)
    churn = None
    if reach.limit in _COMPARED:
        churn = known.churn.get(_kind(reach.gate.against), CHURN)
    # What cannot pass at all is told as that.
    rows = 0 if reach.is_small_slice else reach.rows
    spread = _spread(reach, known)
    if rows and (isinstance(metric, Rate) or (spread is None and is_share(reach.gate.metric))):
        basis = EXACT if isinstance(metric, Rate) and churn is None else AS_RATE
        return Power(reach, *_of_a_rate(reach, rows, churn or 0.0), churn, basis)
    if rows and spread is not None:
        return Power(reach, *_of_a_spread(reach, spread), None, EARLIER)
    return Power(reach, None, None, None, None, UNKNOWN)


def _spread(reach: Reach, known: Known) -> float | None:
    """One deviation of what is judged, carried over to these rows from earlier evidence."""
    metric, name = reach.gate.metric, reach.slice
    if reach.limit in _COMPARED:
        found = known.changes.get((metric, name, _kind(reach.gate.against)))
    else:
        found = known.values.get((metric, name))
    if found is None or not reach.rows or not math.isfinite(found.high - found.low):
        return None
    return (found.high - found.low) / 2 / z_of(CONFIDENCE) * math.sqrt(found.n / reach.rows)


_Found = tuple[float | None, float | None, float | None]
"""Passes at, fails at, and how often what is unchanged passes."""


def _of_a_rate(reach: Reach, rows: int, churn: float) -> _Found:
    declared, level = reach.declared, reach.level
    match reach.limit:
        case "min":
            failing = chances.rate_failing(rows, declared, level)
            return chances.rate_passing(rows, declared), failing, None
        case "max":
            passing = chances.rate_passing(rows, 1 - declared)
            failing = chances.rate_failing(rows, 1 - declared, level)
            return _rest(passing), _rest(failing), None
        case "max_drop":
            failing = chances.loss_failing(chances.Drop(rows, declared, churn, level))
            return None, failing, chances.chance_unchanged_passes(rows, declared, churn)
        case _:
            passing = chances.gain_passing(rows, declared, churn)
            return passing, chances.gain_failing(rows, declared, churn), None


def _rest(share: float | None) -> float | None:
    return None if share is None else 1 - share


def _of_a_spread(reach: Reach, spread: float) -> _Found:
    declared = reach.declared
    sure = chances.Z if reach.level is None else z_of(1 - 2 * reach.level)
    passing, failing = chances.margin(spread), chances.margin(spread, sure)
    match reach.limit:
        case "max":
            return declared - passing, declared + failing, None
        case "max_drop" if spread > 0:
            # It has to be surely a loss, and beyond the tolerance in the sample.
            failing = chances.margin(spread, max(sure, declared / spread))
            return None, failing, float(ndtr(declared / spread - chances.Z))
        case "max_drop":
            return None, declared, 1.0
        case _:
            return declared + passing, declared - failing, None
