"""What only generative rows can have: turns out of order, and answers that teach nothing. Pure."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from controller.data.answers import loop_in, repeated, says_nothing, unfinished, wrong_order
from controller.data.inspection import Inspection
from controller.data.rows import CLASSIFICATION

MAX_SHOWN = 80
MAX_ANSWERS = 10


def check_role_order(inspection: Inspection) -> None:
    """Conversations whose roles do not take turns."""
    if inspection.task == CLASSIFICATION:
        return
    for split, rows in inspection.rows.items():
        found = ((index, wrong_order(row.messages)) for index, row in enumerate(rows))
        flagged = {index: {"order": why} for index, why in found if why is not None}
        action = inspection.checks.role_order
        what = "conversations whose roles do not take turns"
        inspection.found("role_order", split, action, flagged, what=what)


def check_empty_answers(inspection: Inspection) -> None:
    """Answers that say nothing; those without any character are empty rows already."""
    if inspection.task == CLASSIFICATION:
        return
    for split, rows in inspection.rows.items():
        found = ((index, says_nothing(row.target)) for index, row in enumerate(rows))
        flagged = {index: {"answer": why} for index, why in found if why is not None}
        action = inspection.checks.empty_answers
        inspection.found("empty_answers", split, action, flagged, what="answers that say nothing")


def check_unfinished_answers(inspection: Inspection) -> None:
    """Answers that are cut off, and those that say one sentence over and over."""
    if inspection.task == CLASSIFICATION:
        return
    for split, rows in inspection.rows.items():
        answers = [row.target for row in rows]
        flagged: dict[int, Mapping[str, Any]] = {
            index: {"seen_by": why} for index, why in unfinished(answers).items()
        }
        for index, answer in enumerate(answers):
            loop = loop_in(answer)
            if loop is not None:
                flagged[index] = {"seen_by": "says one sentence again and again"}
        flagged = dict(sorted(flagged.items()))
        counts = Counter(more["seen_by"] for more in flagged.values())
        action = inspection.checks.unfinished_answers
        what = "unfinished answers"
        inspection.found("unfinished_answers", split, action, flagged, what=what, counts=counts)


def check_repeated_answers(inspection: Inspection) -> None:
    """One answer to many different questions."""
    if inspection.task == CLASSIFICATION:
        return
    for split, rows in inspection.rows.items():
        found = repeated([row.target for row in rows], [row.text for row in rows])
        flagged = {
            index: {"times": len(indices)} for indices in found.values() for index in indices
        }
        shown = {rows[at[0]].target[:MAX_SHOWN]: len(at) for at in list(found.values())}
        action = inspection.checks.repeated_answers
        inspection.found(
            "repeated_answers",
            split,
            action,
            flagged,
            what=f"rows that share {len(found)} repeated answers",
            counts=dict(list(shown.items())[:MAX_ANSWERS]),
        )
