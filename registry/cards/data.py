"""The rows: which files, how many, what the checks found and did, and how worn the test file is."""

from collections.abc import Mapping
from typing import Any

from registry.cards.blocks import Block, Cell, Section, Text, absent, facts, table
from registry.cards.known import Known, cell_of, estimate_in, listed, mapping, number_in, words

SPLITS = ("train", "validation", "test")
LEAKAGE = ("exact_leakage", "near_leakage", "ngram_leakage")
ACTIONS = {"fail", "drop", "quarantine", "report", "exclude_from_gates"}
"""What a check may do with what it finds: one of these says that it is declared."""


def data(known: Known) -> Section:
    """Digests, sizes, labels, findings with counts and actions, leakage, reuse of the test file."""
    files = mapping(known.version.lineage.get("data"))
    report = mapping(known.data_report)
    if not files and not report:
        return absent("data", "Data", "Not recorded.")
    blocks: list[Block] = [
        *facts([(path, cell_of(one)) for path, one in files.items()], "Files, by content")
    ]
    if report:
        blocks += _sizes(report)
        blocks += _findings(report)
        blocks += facts(_told(report), "What else the checks measured")
    else:
        blocks.append(Text("No data report is recorded: what the checks found is not known."))
    blocks += facts(_leakage(known), "Leakage")
    blocks += _reuse(known)
    return Section("data", "Data", tuple(blocks))


def _sizes(report: Mapping[str, Any]) -> list[Block]:
    rows, read = mapping(report.get("rows")), mapping(report.get("read"))
    sizes = [
        (split, cell_of(read.get(split)), cell_of(rows.get(split)))
        for split in SPLITS
        if split in rows
    ]
    labels = mapping(report.get("rows_per_label"))
    of_labels: list[tuple[Cell, ...]] = [
        (label, *(cell_of(mapping(counts).get(split, 0)) for split in SPLITS))
        for label, counts in labels.items()
    ]
    return [
        *table(("rows", "read", "kept"), sizes, "Sizes"),
        *table(("label", *SPLITS), of_labels, "Rows of each label"),
    ]


def _findings(report: Mapping[str, Any]) -> list[Block]:
    rows = [
        tuple(cell_of(one.get(name)) for name in ("check", "split", "action", "count", "message"))
        for one in map(mapping, listed(report.get("findings")))
    ]
    heads = ("check", "split", "action", "rows", "what was found")
    return [
        *(table(heads, rows, "Findings of the checks") or (Text("The checks found nothing."),)),
        *facts([("declared checks without a finding", _clean(report))]),
        *facts([("quarantined rows", len(listed(report.get("quarantined"))))]),
    ]


def _clean(report: Mapping[str, Any]) -> str | None:
    """Name the declared checks without a finding; some of them do not apply to every task."""
    found = {mapping(one).get("check") for one in listed(report.get("findings"))}
    actions = mapping(report.get("checks"))
    ran = [name for name, one in actions.items() if isinstance(one, str) and one in ACTIONS]
    return ", ".join(name for name in ran if name not in found) or None


def _told(report: Mapping[str, Any]) -> list[tuple[str, Cell]]:
    found = mapping(report.get("facts"))
    rows: list[tuple[str, Cell]] = []
    for check, one in found.items():
        if "said" in mapping(one):
            rows.append((words(check), cell_of(one["said"])))
    rate = estimate_in(mapping(found.get("label_issues")).get("estimated_rate"))
    if rate is not None:
        rows.append(
            (
                "estimated rate of wrong labels",
                f"{rate.value:.4f} ({rate.low:.4f} to {rate.high:.4f})",
            )
        )
    shifted = [
        f"{one.get('family')} in {one.get('split')}"
        for one in map(mapping, listed(found.get("split_shift")))
        if one.get("shifted")
    ]
    if "split_shift" in found:
        rows.append(("families that shift between splits", ", ".join(shifted) or "none"))
    for split, one in mapping(mapping(found.get("truncation")).get("splits")).items():
        rows.append((f"{split} rows cut to fit the model", cell_of(mapping(one).get("cut"))))
    return rows


def _leakage(known: Known) -> list[tuple[str, Cell]]:
    """Of every check for leakage that ran, its count: none found is a result too."""
    report = mapping(known.data_report)
    rows: list[tuple[str, Cell]] = []
    checks = mapping(report.get("checks"))
    found = {str(one.get("check")): one for one in map(mapping, listed(report.get("findings")))}
    for name in LEAKAGE:
        if name in found:
            rows.append((words(name), cell_of(found[name].get("count"))))
        elif name in checks:
            rows.append((words(name), 0))
    twins = number_in(known.report.get("near_twins"))
    rows.append(
        ("held-out rows that nearly repeat a training row, when last evaluated", cell_of(twins))
    )
    return rows


def _reuse(known: Known) -> tuple[Block, ...]:
    used = known.held_out
    if used is None:
        return (Text("How often the test file was used is not known."),)
    worn = " From there on the best of them is partly luck." if used.is_worn else ""
    return (
        Text(
            f"The test file has judged {used.candidates} candidates, all models together; "
            f"the spec warns from {used.warn_after}.{worn}"
        ),
    )
