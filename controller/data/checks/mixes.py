"""Held-out rows of another mix than the training rows: labels, and declared slices. Pure."""

from collections import Counter

from controller.data.inspection import Inspection
from controller.data.rows import CLASSIFICATION, Row
from controller.data.shifts import Counts, Shift, find_shifts

_NAMED = 3


def check_split_shift(inspection: Inspection) -> None:
    """Labels and slices whose shares differ between train and a held-out file."""
    tables = [table for split in inspection.held_out for table in _tables(inspection, split)]
    found = find_shifts(tables)
    inspection.measured("split_shift", [one.as_json() for one in found])
    for one in found:
        if one.is_told:
            counts = {value.value: value.held_out for value in one.values[:_NAMED]}
            action = inspection.checks.split_shift
            message = _message(one)
            inspection.counted("split_shift", one.split, action, counts=counts, message=message)


def _tables(inspection: Inspection, split: str) -> list[Counts]:
    train, held_out = inspection.rows["train"], inspection.rows[split]
    tables: list[Counts] = []
    if inspection.task == CLASSIFICATION:
        tables.append(("label", split, _labels(train), _labels(held_out)))
    families = sorted({family for row in train[:1] for family in row.slices})
    for family in families:
        one, other = (Counter(row.slices[family] for row in rows) for rows in (train, held_out))
        tables.append((family, split, one, other))
    return tables


def _labels(rows: list[Row]) -> Counter[str]:
    # A set of labels is one value: its rows are counted once, as the test asks.
    return Counter(row.target for row in rows)


def _message(shift: Shift) -> str:
    told = ", ".join(
        f"{one.value} {one.train_share:.1%} to {one.held_out_share:.1%}"
        for one in shift.values[:_NAMED]
    )
    return (
        f"{shift.family} is of another mix than in the training rows "
        f"({shift.distance:.0%} of the rows, {shift.by_chance:.0%} by chance, "
        f"adjusted p {shift.adjusted_p:.1g}): {told}"
    )
