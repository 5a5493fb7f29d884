"""Personal data and secrets in the rows. Pure.

What was found is masked wherever a report shows a text, by whatever check: see ``report.py``.
"""

from collections import Counter
from typing import Any

from controller.data.credentials import find_credentials
from controller.data.finders import Find
from controller.data.findings import Action
from controller.data.inspection import Inspection
from controller.data.rows import CLASSIFICATION, Row


def check_personal_data(inspection: Inspection) -> None:
    """Addresses and numbers of people."""
    action = inspection.checks.personal_data
    _look_for(
        inspection, "personal_data", inspection.find_personal, action=action, named="personal data"
    )


def check_secrets(inspection: Inspection) -> None:
    """Keys, tokens and passwords."""
    action = inspection.checks.secrets
    _look_for(inspection, "secrets", find_credentials, action=action, named="secrets")


def _look_for(
    inspection: Inspection, check: str, find: Find, *, action: Action, named: str
) -> None:
    for split, rows in inspection.rows.items():
        flagged: dict[int, dict[str, Any]] = {}
        counts: Counter[str] = Counter()
        for index, row in enumerate(rows):
            kinds = sorted({one.kind for text in _texts(row, inspection) for one in find(text)})
            if kinds:
                flagged[index] = {"kinds": kinds}
                counts.update(kinds)
        told = ", ".join(f"{kind} {count:,}" for kind, count in counts.most_common())
        what = f"rows with {named} ({told})"
        inspection.found(check, split, action, flagged, what=what, counts=counts)


def _texts(row: Row, inspection: Inspection) -> tuple[str, ...]:
    return (row.text,) if inspection.task == CLASSIFICATION else (row.text, row.target)
