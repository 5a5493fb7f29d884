"""Rows that repeat, or nearly repeat, another row of the same split. Pure."""

from controller.data.duplicates import MAX_WORK, folded, near_twins, normalised, repeats, work_of
from controller.data.inspection import Inspection


def check_exact_duplicates(inspection: Inspection) -> None:
    """Rows that repeat text and label of an earlier row of the same split."""
    for split, rows in inspection.rows.items():
        found = repeats(
            [(normalised(row.text), *(normalised(label) for label in row.classes)) for row in rows]
        )
        flagged = {index: {"same_as": rows[first].number} for index, first in found.items()}
        action = inspection.checks.exact_duplicates
        inspection.found("exact_duplicates", split, action, flagged, what="exact duplicates")


def check_near_duplicates(inspection: Inspection) -> None:
    """Training rows that nearly repeat an earlier one. Never dropped: some differ in meaning."""
    rows = inspection.rows["train"]
    texts = [folded(row.text) for row in rows]
    if is_too_much(inspection, "near_duplicates", "train", work_of(texts)):
        return
    flagged = {
        index: {"near_row": rows[other].number, "near_text": rows[other].text}
        for index, other in sorted(near_twins(texts).items())
    }
    action = inspection.checks.near_duplicates
    inspection.found("near_duplicates", "train", action, flagged, what="near duplicates")


def is_too_much(inspection: Inspection, check: str, split: str, work: int) -> bool:
    """Record a comparison of all pairs as skipped when it would cost too much."""
    if work <= MAX_WORK:
        return False
    message = (
        f"near twins were not looked for: that would take {work / MAX_WORK:.1f} times the work "
        "that is allowed; fewer or shorter texts are compared"
    )
    inspection.skipped(check, split, message)
    return True
