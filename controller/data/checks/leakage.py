"""Held-out rows that stand in the training rows as well. Pure."""

from controller.data.folding import normalised
from controller.data.inspection import Inspection
from controller.data.rows import Row


def check_exact_leakage(inspection: Inspection) -> None:
    """Held-out rows that are known already; they are dropped from the held-out side.

    A row of a validation file must not be a training row, and a test row neither of the two:
    validation rows decide when training stops, and what is chosen.

    Known is what was read: of two rows that differ in case alone only the first is kept, and which
    one that is must not decide what is held out.
    """
    known: dict[str, tuple[str, Row]] = {}
    for split in ("train", "validation", "test"):
        if split not in inspection.rows:
            continue
        flagged = {
            index: _shown(row, *known[text])
            for index, row in enumerate(inspection.rows[split])
            if (text := normalised(row.text)) in known
        }
        if split != "test":
            for row in inspection.read[split]:
                known.setdefault(normalised(row.text), (split, row))
        what = "rows that stand in the training data as well"
        if split == "test" and "validation" in inspection.rows:
            what = "rows that stand in the training or validation data as well"
        action = inspection.checks.exact_leakage
        inspection.found("exact_leakage", split, action, flagged, what=what)


def _shown(row: Row, split: str, other: Row) -> dict[str, object]:
    """Name the known row, and its answer where that is another one."""
    shown: dict[str, object] = {"same_as": other.number}
    if split != "train":
        shown["of"] = split
    if row.classes != other.classes:
        shown["their_target"] = other.target
    return shown
