"""Robustness, bias with what mitigation was worth, and other benchmarks. Pure."""

from collections.abc import Mapping
from typing import Any

from registry.cards.blocks import Block, Cell, Section, Table, Text, absent, facts, table
from registry.cards.known import Known, cell_of, estimate_in, mapping, words
from registry.cards.quality import HEADS, spread
from registry.records import Estimate
from registry.studies import STUDIES, tables_of

EXPLAIN = "explain"
SHOWN_ELSEWHERE = {*STUDIES, "explain", "explanations"}


def robustness(known: Known) -> Section:
    """Each perturbation with the rows that it changed, the worst of them, and the attack."""
    report = mapping(known.report.get("robustness"))
    tables = _tables(known, "robustness")
    if not report and not tables:
        return absent(
            "robustness", "Robustness", "Not measured: evaluation.robustness is not declared."
        )
    changed = [
        (kind, cell_of(mapping(one).get("changed")), cell_of(mapping(one).get("rows")))
        for kind, one in mapping(report.get("perturbations")).items()
    ]
    attack = mapping(report.get("attack"))
    names = ("rows", "right_before", "broken", "queries")
    blocks: tuple[Block, ...] = (
        *table(("perturbation", "changed rows", "of"), changed, "Rows that each one changed"),
        *tables,
        *facts([(words(name), cell_of(attack.get(name))) for name in names], "Attack"),
    )
    return Section("robustness", "Robustness", blocks)


def bias(known: Known) -> Section:
    """Groups, counterfactual swaps, and every metric with and without mitigation."""
    report = mapping(known.report.get("bias"))
    blocks = [*_swaps(report), *_groups(report), *_tables(known, "bias"), *_mitigation(known)]
    if not report and not _tables(known, "bias"):
        said = Text("Not measured: evaluation.bias is not declared.")
        return Section("bias", "Bias", (said, *blocks), is_evidenced=bool(blocks))
    note = Text(
        "Words are swapped by lists, and groups are columns of the data: who somebody is, is "
        "never inferred."
    )
    return Section("bias", "Bias", (note, *blocks))


def _swaps(report: Mapping[str, Any]) -> tuple[Table, ...]:
    rows = [
        (name, cell_of(one.get("pairs")), _flips(one), "yes" if one.get("enough") else "no")
        for name, one in (
            (name, mapping(one)) for name, one in mapping(report.get("counterfactuals")).items()
        )
    ]
    return table(
        ("swapped", "pairs", "flips by source", "enough pairs"), rows, "Counterfactual swaps"
    )


def _flips(one: Mapping[str, Any]) -> str:
    sources = mapping(one.get("by_source"))
    return ", ".join(
        f"{source}: {mapping(found).get('flips')} of {mapping(found).get('pairs')}"
        for source, found in sources.items()
    )


def _groups(report: Mapping[str, Any]) -> list[Block]:
    blocks: list[Block] = []
    for family, found in mapping(report.get("groups")).items():
        groups = mapping(mapping(found).get("groups"))
        rows = [
            (group, cell_of(mapping(one).get("rows")), words(quantity), estimate)
            for group, one in groups.items()
            for quantity, value in mapping(one).items()
            if (estimate := estimate_in(value)) is not None
        ]
        blocks += table(("group", "rows", "quantity", "value"), rows, f"Groups by {family}")
        small = mapping(mapping(found).get("too_small"))
        blocks += facts(
            [(name, cell_of(n)) for name, n in small.items()],
            f"Groups by {family} with too few rows",
        )
    return blocks


def _mitigation(known: Known) -> list[Block]:
    done = mapping(known.version.lineage.get("mitigation"))
    blocks: list[Block] = [
        *facts([(name, cell_of(one)) for name, one in done.items()], "Mitigation in training")
    ]
    worth = mapping(known.report.get("mitigation"))
    if not worth:
        return blocks
    if worth.get("against") is None:
        return [*blocks, Text(f"Mitigation: {worth.get('message')}.")]
    rows = [
        (name, *(estimate_in(mapping(one).get(part)) for part in ("with", "without", "change")))
        for name, one in mapping(worth.get("metrics")).items()
    ]
    heads = ("metric", "with", "without", "change")
    return [
        *blocks,
        *table(heads, rows, f"With mitigation, and without (version {worth['against']})"),
    ]


def other_studies(known: Known) -> Section | None:
    """Metrics of studies that have no section of their own; None where there are none."""
    metrics = {} if known.evaluation is None else known.evaluation.metrics
    rows = [
        (name, *spread(one))
        for name, one in metrics.items()
        if "." in name and name.partition(".")[0] not in SHOWN_ELSEWHERE
    ]
    return (
        Section("other_studies", "Other measurements", table(("metric", *HEADS), rows))
        if rows
        else None
    )


def _tables(known: Known, study: str) -> list[Table]:
    metrics: Mapping[str, Estimate] = {} if known.evaluation is None else known.evaluation.metrics
    found: list[Table] = []
    for quantities, subjects in tables_of(metrics, study):
        rows: list[tuple[Cell, ...]] = [(subject, *values) for subject, values in subjects.items()]
        heads = ("subject", *(words(one) for one in quantities))
        found += table(heads, rows, f"Measured: {', '.join(words(one) for one in quantities)}")
    return found
