"""Held-out rows that stand in the training rows as well. Pure."""

from controller.data.checks.repetition import is_too_much
from controller.data.duplicates import folded, near_matches, normalised, work_of
from controller.data.findings import Action
from controller.data.inspection import Inspection


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
    if is_too_much(inspection, "near_leakage", "test", work_of(asked, known)):
        return
    found = near_matches(asked, known)
    flagged = {
        index: {"near_row": train[other].number, "near_text": train[other].text}
        for index, other in sorted(found.items())
    }
    action = inspection.checks.near_leakage
    inspection.found("near_leakage", "test", action, flagged, what="near twins of training rows")
    if action != "fail":
        inspection.near_leaks = frozenset(test[index].number for index in found)
