"""Verdicts, what was let through, and whether the criteria moved. Pure."""

from collections.abc import Mapping
from typing import Any

from registry.cards.blocks import Block, Section, Text, absent, facts, table
from registry.cards.known import Known, cell_of
from registry.records import GateReport, GateVerdict

NOT_PART_OF_THE_RULE = {"metric", "slice", "level", "on_inconclusive", "critical"}


def gates(known: Known) -> Section:
    """Each gate with its verdict and evidence."""
    report = known.gates
    if report is None:
        return absent("gates", "Gates", "Not judged yet.")
    rows = [_row(one) for one in report.verdicts]
    heads = ("metric", "rows", "rule", "verdict", "blocks", "measured", "evidence", "override")
    blocks: list[Block] = [Text(f"{_outcome(report)}."), *table(heads, rows)]
    declared = [
        tuple(
            cell_of(one.get(name)) for name in ("metric", "slice", "approver", "reason", "expires")
        )
        for one in report.overrides
    ]
    blocks += table(("metric", "slice", "approver", "reason", "expires"), declared, "Overrides")
    rows_of = [(name, f"version {number}") for name, number in report.compared.items()]
    blocks += facts(rows_of, "Compared with")
    blocks += facts(_criteria(report), "When the criteria were declared")
    return Section("gates", "Gates", tuple(blocks))


def _outcome(report: GateReport) -> str:
    against = "" if report.against is None else f", compared with version {report.against}"
    words = f"{'Passed' if report.passed else 'Not passed'}{against}"
    return f"{words}; the spec declares no gates, on record" if report.is_ungated else words


def _row(one: GateVerdict) -> tuple[Any, ...]:
    metric, rows = str(one.gate.get("metric", "")), one.slice or "all rows"
    blocks = "yes" if one.blocks else "no"
    rule, override = _rule(one.gate), _answered_for(one.override)
    return metric, rows, rule, one.verdict.value, blocks, one.evidence, one.message, override


def _rule(gate: Mapping[str, Any]) -> str:
    said = {
        name: value
        for name, value in gate.items()
        if value is not None and name not in NOT_PART_OF_THE_RULE
    }
    return ", ".join(f"{name} {value}" for name, value in said.items())


def _answered_for(override: Mapping[str, Any] | None) -> str | None:
    if override is None:
        return None
    approver, expires = override.get("approver"), override.get("expires")
    return f"{approver} until {expires}: {override.get('reason')}"


def _criteria(report: GateReport) -> list[tuple[str, Any]]:
    changed = "yes: who changed them could know the result"
    known = report.gates_at_training is not None
    unchanged = "no" if known else "not known: the criteria at training were not recorded"
    return [
        (
            "changed after training started",
            changed if report.gates_changed_after_training else unchanged,
        ),
        ("judgement digest (criteria, and what they were compared with)", report.gates_digest),
        ("criteria digest when training started", report.gates_at_training),
        ("judged", report.created_at.isoformat(timespec="seconds")),
    ]
