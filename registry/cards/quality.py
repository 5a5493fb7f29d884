"""Metrics with their intervals, on all rows and on slices. Pure."""

from collections.abc import Mapping

from registry.cards.blocks import Block, Section, Table, Text, absent, facts, table
from registry.cards.known import Known, cell_of, estimate_in, listed, mapping, number_in, words
from registry.evidence import side_by_side
from registry.records import Estimate
from registry.studies import of_rows

HEADS = ("value", "low", "high", "n", "method")


def metrics(known: Known) -> Section:
    """Held-out rows, the clean rest beside all of them, and the rows it learned from."""
    if known.evaluation is None:
        return absent("metrics", "Metrics", "Not evaluated yet.")
    measured = of_rows(known.evaluation.metrics)
    blocks: list[Block] = [
        Text("Measured on held-out rows; intervals are two-sided, 95 %."),
        *table(("metric", *HEADS), [(name, *spread(one)) for name, one in measured.items()]),
    ]
    blocks += _clean_and_all(known)
    validation = mapping(known.report.get("validation"))
    seen = [(name, estimate_in(one)) for name, one in validation.items()]
    blocks += facts(seen, "On validation rows")
    blocks += _learned(known)
    return Section("metrics", "Metrics", tuple(blocks))


def _clean_and_all(known: Known) -> tuple[Block, ...]:
    both = side_by_side(known.evaluation)
    if both is None:
        return ()
    judged = "the clean rest" if both.judged == "clean" else "all rows"
    text = (
        f"{both.near_twins} of {both.test_rows} held-out rows nearly repeat a training row. "
        f"Gates judge {judged}."
    )
    rows = [
        (one.metric, one.clean, one.all_rows)
        for one in both.metrics
        if one.clean is not None and one.all_rows is not None
    ]
    name = "The clean rest beside all rows"
    return (Text(text), *table(("metric", "clean rest", "all rows"), rows, name))


def _learned(known: Known) -> tuple[Block, ...]:
    training = known.version.training
    rows = [
        (words(name), number_in(training.get(name)))
        for name in ("train_accuracy", "train_loss", "train_rows")
    ]
    gap = {} if known.evaluation is None else known.evaluation.metrics
    return facts([*rows, ("overfit gap", gap.get("overfit_gap"))], "On training rows")


def slices(known: Known) -> Section:
    """Every declared slice, small ones too."""
    found: Mapping[str, Mapping[str, Estimate]] = (
        {} if known.evaluation is None else known.evaluation.slices
    )
    if not found:
        return absent("slices", "Slices", "No slice was declared, or none was measured.")
    rows = [
        (slice_name, metric, *spread(estimate))
        for slice_name, measured in found.items()
        for metric, estimate in measured.items()
    ]
    blocks: list[Block] = [*table(("slice", "metric", *HEADS), rows)]
    small = too_small(known)
    if small:
        blocks.append(Table(("slice", "what was said"), tuple(small), "Too small to judge"))
    left_out = mapping(known.report.get("slice_values_left_out"))
    blocks += facts(
        [(family, cell_of(count)) for family, count in left_out.items()],
        "Values beyond the most frequent ones, not measured",
    )
    return Section("slices", "Slices", tuple(blocks))


def too_small(known: Known) -> list[tuple[str, str]]:
    """Slices of which a gate could say nothing, and what it said."""
    if known.gates is None:
        return []
    return [
        (one.slice, one.message)
        for one in known.gates.verdicts
        if one.slice is not None and one.verdict == "inconclusive"
    ]


def weak_slices(known: Known) -> Section:
    """Slices that nobody declared, found to be worse than the rest."""
    report = mapping(known.report.get("weak_slices"))
    title = "Weak slices found"
    if not report:
        return absent("weak_slices", title, "No search for weak slices is recorded.")
    tested = report.get("tested")
    text = f"Searched among {tested} slices by declared families, length and words."
    rows = [
        (
            cell_of(one.get("slice")),
            estimate_in(one.get("accuracy")),
            estimate_in(one.get("elsewhere")),
            estimate_in(one.get("difference")),
            number_in(one.get("adjusted_p")),
        )
        for one in map(mapping, listed(report.get("found")))
    ]
    heads = ("slice", "right there", "right elsewhere", "difference", "adjusted p")
    found = table(heads, rows) or (Text("None is worse than chance would make it."),)
    return Section("weak_slices", title, (Text(text), *found))


def spread(one: Estimate) -> tuple[float, float, float, int, str]:
    """An estimate over five columns."""
    return one.value, one.low, one.high, one.n, one.method
