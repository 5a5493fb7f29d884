"""The data checks: what is looked for in the rows before any training. Pure.

Each check looks at the rows that the checks before it left, adds a finding where it saw something,
and drops what its action drops. Order: first rows that are no rows, then repetition within a split,
then leakage between splits, and last what only makes sense over the rows that remain.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

from controller.data.duplicates import (
    MAX_WORK,
    conflicts,
    folded,
    near_matches,
    near_twins,
    normalised,
    repeats,
    work_of,
)
from controller.data.findings import Action
from controller.data.inspection import Inspection
from controller.data.personal_data import find_personal_data
from controller.data.rows import CLASSIFICATION


def check_empty_rows(inspection: Inspection) -> None:
    """Rows without a text, or without a label."""
    for split, rows in inspection.rows.items():
        flagged = {
            index: {"empty": "text" if not row.text.strip() else "target"}
            for index, row in enumerate(rows)
            if not row.text.strip() or (row.labels is None and not row.target.strip())
        }
        action: Action = inspection.checks.empty_rows
        unlabelled = sum(1 for more in flagged.values() if more["empty"] == "target")
        if action == "report" and unlabelled:
            # A row without a target cannot be kept, and dropping it was not asked for.
            action = "fail"
        inspection.found("empty_rows", split, action, flagged, what="empty rows")


def check_exact_duplicates(inspection: Inspection) -> None:
    """Rows that repeat text and label of an earlier row of the same split."""
    for split, rows in inspection.rows.items():
        found = repeats(
            [(normalised(row.text), *(normalised(label) for label in row.classes)) for row in rows]
        )
        flagged = {index: {"same_as": rows[first].number} for index, first in found.items()}
        action = inspection.checks.exact_duplicates
        inspection.found("exact_duplicates", split, action, flagged, what="exact duplicates")


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


def check_exact_leakage(inspection: Inspection) -> None:
    """Held-out rows that stand in the training rows as well; they are dropped from the test side.

    Validation rows take part in training, so there a leak is only reported: dropping them would
    change what was trained on by a check that is about held-out rows.
    """
    trained = {normalised(row.text): row.number for row in inspection.rows["train"]}
    for split in inspection.held_out:
        flagged = {
            index: {"same_as": trained[text]}
            for index, row in enumerate(inspection.rows[split])
            if (text := normalised(row.text)) in trained
        }
        action: Action = inspection.checks.exact_leakage
        if split == "validation" and action != "fail":
            action = "report"
        what = "rows that stand in the training data as well"
        inspection.found("exact_leakage", split, action, flagged, what=what)


def check_near_leakage(inspection: Inspection) -> None:
    """Test rows that nearly repeat a training row: they measure memory, not understanding."""
    train, test = inspection.rows["train"], inspection.rows["test"]
    known, asked = [folded(row.text) for row in train], [folded(row.text) for row in test]
    if _is_too_much(inspection, "near_leakage", "test", work_of(asked, known)):
        return
    found = near_matches(asked, known)
    flagged = {
        index: {"near_row": train[other].number, "near_text": train[other].text}
        for index, other in sorted(found.items())
    }
    action = inspection.checks.near_leakage
    inspection.found("near_leakage", "test", action, flagged, what="near twins of training rows")
    if action == "exclude_from_gates":
        inspection.near_leaks = frozenset(test[index].number for index in found)


def check_near_duplicates(inspection: Inspection) -> None:
    """Training rows that nearly repeat an earlier one. Never dropped: some differ in meaning."""
    rows = inspection.rows["train"]
    texts = [folded(row.text) for row in rows]
    if _is_too_much(inspection, "near_duplicates", "train", work_of(texts)):
        return
    flagged = {
        index: {"near_row": rows[other].number, "near_text": rows[other].text}
        for index, other in sorted(near_twins(texts).items())
    }
    action = inspection.checks.near_duplicates
    inspection.found("near_duplicates", "train", action, flagged, what="near duplicates")


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


def check_personal_data(inspection: Inspection) -> None:
    """E-mail addresses, telephone and card numbers; counted, never copied into the report."""
    for split, rows in inspection.rows.items():
        found = find_personal_data((row.number, row.text) for row in rows)
        counts = {kind: len(numbers) for kind, numbers in found.items() if numbers}
        if counts:
            named = ", ".join(f"{kind} in {count} rows" for kind, count in counts.items())
            message = f"personal data: {named}"
            action = inspection.checks.personal_data
            inspection.counted("personal_data", split, action, counts=counts, message=message)


def _is_too_much(inspection: Inspection, check: str, split: str, work: int) -> bool:
    """Record a comparison of all pairs as skipped when it would cost too much."""
    if work <= MAX_WORK:
        return False
    message = (
        f"near twins were not looked for: that would take {work / MAX_WORK:.1f} times the work "
        "that is allowed; fewer or shorter texts are compared"
    )
    inspection.skipped(check, split, message)
    return True


CHECKS: Mapping[str, Callable[[Inspection], None]] = {
    "empty rows": check_empty_rows,
    "exact duplicates": check_exact_duplicates,
    "conflicting labels": check_label_conflicts,
    "exact leakage": check_exact_leakage,
    "near leakage": check_near_leakage,
    "near duplicates": check_near_duplicates,
    "rows per label": check_rows_per_label,
    "unseen labels": check_unseen_labels,
    "personal data": check_personal_data,
}
"""All checks, in the order in which they run."""
