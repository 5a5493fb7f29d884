"""An inspection: the rows of all splits on their way through the checks."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from controller.data.finders import Find, finder_of
from controller.data.findings import (
    MAX_EXAMPLES,
    MAX_ROWS_LISTED,
    Action,
    Finding,
    at_rows,
    example,
)
from controller.data.folding import folded
from controller.data.rows import Row
from controller.data.token_lengths import Reader
from specs.data import Checks

_DONE: Mapping[Action, str] = {
    "drop": ", dropped",
    "quarantine": ", quarantined",
    "exclude_from_gates": ", left out by gates",
}


@dataclass
class Inspection:
    """What the checks work on; each takes rows out and adds findings."""

    rows: dict[str, list[Row]]
    """Split → rows that are still there. ``validation`` only when it is a file of its own."""
    checks: Checks
    task: str
    findings: list[Finding] = field(default_factory=list)
    quarantined: list[dict[str, Any]] = field(default_factory=list)
    read: dict[str, list[Row]] = field(init=False)
    """Split → all of its rows, before any check."""
    labels_read: Counter[str] = field(init=False)
    """Rows of each label among the training rows before any check."""
    near_leaks: frozenset[int] = frozenset()
    """Numbers of the test rows that gates leave out."""
    train_twins: Mapping[int, int] = field(default_factory=dict)
    """Training row → an earlier one that it nearly repeats; row numbers."""
    facts: dict[str, Any] = field(default_factory=dict)
    """Check → what it measured and is no finding: a rate, a table, a curve. JSON."""
    seed: int = 0
    """The spec's seed, for checks that draw."""
    _folded: dict[str, list[str]] = field(default_factory=dict)

    reader: Reader | None = None
    """How the base counts tokens; None where that cannot be known."""
    why_unread: str = "the data job was told of no base"
    """Why there is no reader."""
    find_personal: Find = field(init=False)
    """What finds personal data in a text, as the spec says."""

    def __post_init__(self) -> None:
        self.read = dict(self.rows)
        self.find_personal = finder_of(self.checks.personal_data_by)
        labels = (label for row in self.rows["train"] for label in row.classes)
        self.labels_read = Counter(label for label in labels if label.strip())

    @property
    def held_out(self) -> Sequence[str]:
        """The splits that are files of their own beside the training rows."""
        return [split for split in self.rows if split != "train"]

    def folded(self, split: str) -> list[str]:
        """The folded text of each row that is still there; folded once, however many ask."""
        if split not in self._folded:
            self._folded[split] = [folded(row.text) for row in self.rows[split]]
        return self._folded[split]

    def found(
        self,
        check: str,
        split: str,
        action: Action,
        flagged: Mapping[int, Mapping[str, Any]],
        *,
        what: str,
        counts: Mapping[str, int] | None = None,
    ) -> None:
        """Record flagged rows, and take them out where the action says so.

        Args:
            check: The check's name, as in ``spec.data.checks``.
            split: Where the rows are.
            action: What is done about them.
            flagged: Index into the split's rows → more facts for the report.
            what: What these rows are, for the message; a plural.
            counts: The count by kind, where the check has kinds.
        """
        if not flagged:
            return
        rows = self.rows[split]
        numbers = [rows[index].number for index in flagged]
        message = f"{what}: {len(flagged):,}{_DONE.get(action, '')} ({at_rows(numbers)})"
        shown = list(flagged.items())[:MAX_EXAMPLES]
        self.findings.append(
            Finding(
                check=check,
                split=split,
                action=action,
                count=len(flagged),
                rows=tuple(numbers[:MAX_ROWS_LISTED]),
                message=message,
                examples=tuple(example(rows[index], **more) for index, more in shown),
                line=rows[next(iter(flagged))].line,
                counts=dict(counts or {}),
            )
        )
        if action == "quarantine":
            self.quarantined += [
                example(rows[index], split=split, check=check) for index in flagged
            ]
        if action in ("drop", "quarantine"):
            self.rows[split] = _without(rows, flagged)
            if split in self._folded:
                self._folded[split] = _without(self._folded[split], flagged)

    def counted(
        self, check: str, split: str, action: Action, *, counts: Mapping[str, int], message: str
    ) -> None:
        """Record a finding that is about counts rather than single rows."""
        count = sum(counts.values())
        self.findings.append(Finding(check, split, action, count, (), message, counts=counts))

    def measured(self, check: str, value: Any) -> None:
        """Record what a check measured, as JSON, whether or not it found something."""
        self.facts[check] = value

    def skipped(self, check: str, split: str, message: str) -> None:
        """Record that a check did not run, and why: nothing is left out silently."""
        self.findings.append(Finding(check, split, "skipped", 0, (), message))


def _without(items: Sequence[Any], indices: Mapping[int, object]) -> list[Any]:
    return [item for index, item in enumerate(items) if index not in indices]
