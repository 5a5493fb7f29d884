"""What stands beside a version's numbers: the rows they are of, and how they were judged. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from registry.records import Estimate, EvaluationRecord, GateReport
from registry.store.payloads import read_estimate

CHANGED = "its gates were changed after its training started"
UNGATED = "the spec declares no gates, on record"


@dataclass(frozen=True)
class RowSets:
    """One metric on all held-out rows, and on those that are no near twin of a training row."""

    metric: str
    clean: Estimate | None
    all_rows: Estimate | None


@dataclass(frozen=True)
class SideBySide:
    """What near twins of training rows do to the metrics."""

    near_twins: int
    test_rows: int
    judged: str
    """Which of the two gates judge: ``clean`` or ``all``."""
    metrics: tuple[RowSets, ...]


def side_by_side(evaluation: EvaluationRecord | None) -> SideBySide | None:
    """Put both values of each metric beside each other; None where there are no near twins."""
    report: Mapping[str, Any] = {} if evaluation is None else evaluation.report
    others = report.get("all_rows") or report.get("clean_rows")
    if evaluation is None or not others:
        return None
    judges_clean = "all_rows" in report
    rows = []
    for name, judged in evaluation.metrics.items():
        other = read_estimate(others[name]) if name in others else None
        pair = (judged, other) if judges_clean else (other, judged)
        rows.append(RowSets(name, *pair))
    return SideBySide(
        near_twins=report.get("near_twins") or sum((report.get("excluded") or {}).values()),
        test_rows=report.get("test_rows", 0),
        judged="clean" if judges_clean else "all",
        metrics=tuple(rows),
    )


def remarks_on(report: GateReport) -> list[str]:
    """What a reader of the verdicts has to know beside them."""
    remarks = [CHANGED] if report.gates_changed_after_training else []
    if report.is_ungated:
        remarks.append(UNGATED)
    for one in report.overrides:
        words = f"{one.get('approver')} answers for {one.get('metric')} until {one.get('expires')}"
        remarks.append(f"{words}: {one.get('reason')}")
    return remarks


@dataclass(frozen=True)
class HeldOutFile:
    """How often a held-out file was used to judge."""

    digest: str
    candidates: int
    """Distinct trained candidates that were measured on it, over all models."""
    warn_after: int
    """``data.warn_after_candidates`` of the spec."""

    @property
    def is_worn(self) -> bool:
        """Whether the best of so many is partly luck."""
        return is_worn(self.candidates, self.warn_after)


def is_worn(candidates: int, warn_after: int) -> bool:
    """Whether a test file has judged so many candidates that the best is partly luck."""
    return candidates >= warn_after


def worn_words(path: str, candidates: int, warn_after: int) -> str:
    """Say how often a test file was used, and what follows from it."""
    said = f"{path} has judged {candidates} candidate{'s' if candidates != 1 else ''}"
    if not is_worn(candidates, warn_after):
        return said
    return (
        f"{said} (data.warn_after_candidates: {warn_after}): the best of many is partly luck; "
        "bring held-out rows that judged none"
    )
