"""What is wrong with labels by counting them. Pure."""

from collections import Counter
from math import exp, log
from typing import Any

from controller.data.duplicates import conflicts
from controller.data.findings import Action
from controller.data.inspection import Inspection
from controller.data.rows import CLASSIFICATION


def check_label_conflicts(inspection: Inspection) -> None:
    """The same text with different labels: at most one of them can be right."""
    if inspection.task != CLASSIFICATION:
        return  # a prompt may have many good answers
    for split, rows in inspection.rows.items():
        found = conflicts(inspection.folded(split), [row.classes for row in rows])
        flagged = {
            index: {"labels": dict(Counter(rows[other].target for other in indices))}
            for indices in found.values()
            for index in indices
        }
        action = inspection.checks.label_conflicts
        what = "rows whose text carries different labels"
        inspection.found("label_conflicts", split, action, flagged, what=what)


def check_rows_per_label(inspection: Inspection) -> None:
    """Labels with too few training rows or none, and a training set of a single label."""
    if inspection.task != CLASSIFICATION:
        return
    _rare_labels(inspection)
    rows = inspection.rows["train"]
    counts = Counter(label for row in rows for label in row.classes)
    emptied = {label: read for label, read in inspection.labels_read.items() if not counts[label]}
    if emptied:
        named = ", ".join(f"{label} ({read} read)" for label, read in sorted(emptied.items()))
        message = f"{len(emptied)} labels have no row left after the checks before: {named}"
        inspection.counted("empty_labels", "train", "fail", counts=emptied, message=message)
    if len({row.classes for row in rows}) == 1:
        message = f"all rows carry the label {rows[0].target!r}; there is nothing to learn"
        inspection.counted(
            "labels", "train", "fail", counts={rows[0].target: len(rows)}, message=message
        )


def _rare_labels(inspection: Inspection) -> None:
    """Labels with fewer training rows than declared; ``drop`` takes out every row that has one."""
    rows, least = inspection.rows["train"], inspection.checks.min_rows_per_label
    counts = Counter(label for row in rows for label in row.classes)
    rare = {label: count for label, count in sorted(counts.items()) if count < least}
    if not rare:
        return
    named = ", ".join(f"{label} ({count})" for label, count in rare.items())
    message = f"{len(rare)} labels have fewer than {least} rows: {named}"
    action: Action = inspection.checks.rare_labels
    if action != "drop":
        inspection.counted("rare_labels", "train", action, counts=rare, message=message)
        return
    flagged: dict[int, dict[str, Any]] = {
        index: {"rare": here}
        for index, row in enumerate(rows)
        if (here := sorted(set(row.classes) & rare.keys()))
    }
    inspection.found("rare_labels", "train", action, flagged, what=f"{message}; rows of theirs")
    for label in rare:
        del inspection.labels_read[label]  # gone on purpose


def check_imbalance(inspection: Inspection) -> None:
    """How unlike the sizes of the labels are, and whether that is more than declared.

    The effective number of labels is the exponential of the entropy of their shares (Hill, 1973):
    that many labels of equal size would be as hard to guess.
    """
    if inspection.task != CLASSIFICATION:
        return
    rows = inspection.rows["train"]
    counts = Counter(label for row in rows for label in row.classes)
    if len(counts) < 2:  # noqa: PLR2004  (one label is another finding)
        return
    ordered = counts.most_common()
    (largest, most), (smallest, least) = ordered[0], ordered[-1]
    total = sum(counts.values())
    entropy = -sum(count / total * log(count / total) for count in counts.values())
    ratio = most / least
    inspection.measured(
        "imbalance",
        {
            "ratio": round(ratio, 2),
            "labels": len(counts),
            "effective_labels": round(exp(entropy), 2),
            "largest": {largest: most},
            "smallest": {smallest: least},
        },
    )
    if ratio > inspection.checks.max_imbalance:
        message = (
            f"{largest!r} has {ratio:,.0f} times the rows of {smallest!r} "
            f"({most:,} and {least:,}); {len(counts)} labels weigh like "
            f"{exp(entropy):.1f} of equal size"
        )
        sizes = {largest: most, smallest: least}
        action = inspection.checks.imbalance
        inspection.counted("imbalance", "train", action, counts=sizes, message=message)


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
