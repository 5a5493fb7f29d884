"""Rows that are no rows. Pure."""

from controller.data.findings import Action
from controller.data.inspection import Inspection


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
