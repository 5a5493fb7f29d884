"""Findings: what a check saw, in which rows, and what was done about it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from controller.data.rows import Row
from controller.errors import DataError
from specs.errors import Place

Action = Literal["fail", "drop", "quarantine", "report", "exclude_from_gates", "skipped"]
MAX_EXAMPLES = 5
MAX_ROWS_LISTED = 10_000
_ROWS_IN_MESSAGE = 5
_OWN_REASON = {
    "empty_labels": (
        "LabelEmpty",
        "add usable rows of the label, or take its rows out of the training data",
    ),
    "unseen_labels": (
        "LabelUnseen",
        "add training rows of the label, or set data.checks.unseen_labels: drop or report",
    ),
}
"""Checks that fail for a reason of their own: the condition's word, and what to do."""


@dataclass(frozen=True)
class Finding:
    """One check's result on one split."""

    check: str
    split: str
    action: Action
    count: int
    rows: tuple[int, ...]
    """Row numbers in the split's file, at most ``MAX_ROWS_LISTED``."""
    message: str
    examples: tuple[Mapping[str, Any], ...] = ()
    line: int | None = None
    """Line of the first of these rows in the file, where it has lines."""
    counts: Mapping[str, int] = field(default_factory=dict)
    """The count by kind or label, where the check has kinds."""


def example(row: Row, **more: object) -> dict[str, Any]:
    """Show one row in a report."""
    return {"row": row.number, "text": row.text, "target": row.target} | more


def at_rows(numbers: Sequence[int]) -> str:
    """Name the first few rows, and how many more there are."""
    shown = ", ".join(str(number) for number in numbers[:_ROWS_IN_MESSAGE])
    more = len(numbers) - _ROWS_IN_MESSAGE
    noun = "row" if len(numbers) == 1 else "rows"
    return f"{noun} {shown}" + (f" and {more} more" if more > 0 else "")


def refuse_failures(findings: Sequence[Finding], files: Mapping[str, str]) -> None:
    """Raise when a finding's action is ``fail``; all of them stand in one message.

    Args:
        findings: What the checks saw.
        files: Split → path in the repository.

    Raises:
        DataError: With the check's fix, or a general one when several failed.
    """
    failed = [finding for finding in findings if finding.action == "fail" and finding.count]
    if not failed:
        return
    lines = [f"{Place(files[one.split], one.line)}: {one.message}" for one in failed]
    checks = sorted({finding.check for finding in failed})
    named = ", ".join(checks)
    fix = (
        f"correct the rows (trueup data shows them), or give another action in spec.data.checks "
        f"({named})"
    )
    reason, fix = _OWN_REASON.get(checks[0], ("", fix)) if len(checks) == 1 else ("", fix)
    raise DataError("; ".join(lines), reason=reason or "ChecksFailed", fix=fix)
