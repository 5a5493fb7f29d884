"""Personal data in the texts. Pure."""

from controller.data.inspection import Inspection
from controller.data.personal_data import find_personal_data


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
