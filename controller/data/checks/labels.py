"""What is wrong with labels by counting them. Pure."""

from collections import Counter
from typing import Any

from controller.data.duplicates import conflicts, folded
from controller.data.inspection import Inspection
from controller.data.rows import CLASSIFICATION


def check_label_conflicts(inspection: Inspection) -> None:
    """The same text with different labels: at most one of them can be right."""
    if inspection.task != CLASSIFICATION:
        return  # a prompt may have many good answers
    for split, rows in inspection.rows.items():
        found = conflicts([folded(row.text) for row in rows], [row.classes for row in rows])
        flagged = {
            index: {"labels": sorted({rows[other].target for other in indices})}
            for indices in found.values()
            for index in indices
        }
        action = inspection.checks.label_issues
        what = "rows whose text carries different labels"
        inspection.found("label_issues", split, action, flagged, what=what)


def check_rows_per_label(inspection: Inspection) -> None:
    """Labels with fewer training rows than declared, and a training set of a single label."""
    if inspection.task != CLASSIFICATION:
        return
    rows = inspection.rows["train"]
    counts = Counter(label for row in rows for label in row.classes)
    emptied = {label: read for label, read in inspection.labels_read.items() if not counts[label]}
    if emptied:
        named = ", ".join(f"{label} ({read} read)" for label, read in sorted(emptied.items()))
        message = f"{len(emptied)} labels have no row left after the checks before: {named}"
        inspection.counted("empty_labels", "train", "fail", counts=emptied, message=message)
    least = inspection.checks.min_rows_per_label
    rare = {label: count for label, count in sorted(counts.items()) if count < least}
    if rare:
        named = ", ".join(f"{label} ({count})" for label, count in rare.items())
        message = f"{len(rare)} labels have fewer than {least} rows: {named}"
        inspection.counted("min_rows_per_label", "train", "fail", counts=rare, message=message)
    if len({row.classes for row in rows}) == 1:
        message = f"all rows carry the label {rows[0].target!r}; there is nothing to learn"
        inspection.counted(
            "labels", "train", "fail", counts={rows[0].target: len(rows)}, message=message
        )


def check_unseen_labels(inspection: Inspection) -> None:
    """Held-out rows with a label that training never sees: they can only be answered wrongly."""
    if inspection.task != CLASSIFICATION:
        return
    known = {label for row in inspection.rows["train"] for label in row.classes}
    for split in inspection.held_out:
        rows = inspection.rows[split]
        flagged: dict[int, dict[str, Any]] = {
            index: {"unseen": unseen}
            for index, row in enumerate(rows)
            if (unseen := sorted(set(row.classes) - known))
        }
        unseen = sorted({label for more in flagged.values() for label in more["unseen"]})
        what = f"labels that no training row has ({', '.join(unseen)}), rows"
        action = inspection.checks.unseen_labels
        inspection.found("unseen_labels", split, action, flagged, what=what)
