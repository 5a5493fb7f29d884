"""Rows that are no rows. Pure."""

from collections import Counter

from controller.data.findings import Action
from controller.data.garbled import why_broken, why_garbled
from controller.data.inspection import Inspection
from controller.data.rows import CLASSIFICATION, Row


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


def check_garbled_rows(inspection: Inspection) -> None:
    """Broken encodings, and texts without words.

    Of generation only the encoding is looked at, on both sides: code, numbers and tables are
    ordinary there.
    """
    why = _why if inspection.task == CLASSIFICATION else _why_answer
    for split, rows in inspection.rows.items():
        found = {index: kind for index, row in enumerate(rows) if (kind := why(row))}
        flagged = {index: {"garbled": kind} for index, kind in found.items()}
        kinds = ", ".join(f"{kind} {count:,}" for kind, count in Counter(found.values()).items())
        action = inspection.checks.garbled_rows
        inspection.found("garbled_rows", split, action, flagged, what=f"garbled rows ({kinds})")


def _why(row: Row) -> str | None:
    return why_garbled(row.text) if row.text.strip() else None


def _why_answer(row: Row) -> str | None:
    return why_broken(row.text) or why_broken(row.target)
