"""The prepared folder: what training and evaluation read. Written whole, or not at all."""

import json
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from controller.data.finders import Find, without_private
from controller.data.findings import Finding
from controller.data.personal_data import find_personal_data
from controller.data.rows import CLASSIFICATION, Row

SPLITS = ("train", "validation", "test")
REPORT = "report.json"
LABELS = "labels.json"


@dataclass(frozen=True)
class Prepared:
    """What goes into a prepared folder."""

    task: str
    rows: Mapping[str, Sequence[Row]]
    near_leaks: frozenset[int]
    """Numbers of the test rows that nearly repeat a training row."""
    findings: Sequence[Finding]
    quarantined: Sequence[Mapping[str, Any]]
    read: Mapping[str, int]
    """Split's file → rows that were read from it."""
    facts: Mapping[str, Any]
    """Check → what it measured and is no finding."""
    checks: Mapping[str, Any] = field(default_factory=dict)
    """``spec.data.checks``, as declared: what was looked for, and with which action."""
    files: Mapping[str, str] = field(default_factory=dict)
    """Split → path in the repository."""
    find_personal: Find = find_personal_data
    """What the report masks, beside secrets."""

    @property
    def labels(self) -> list[str]:
        """The labels that training sees, sorted."""
        if self.task != CLASSIFICATION:
            return []
        return sorted({label for row in self.rows["train"] for label in row.classes})

    @property
    def report(self) -> dict[str, Any]:
        """The data report, as JSON; personal data and secrets are masked in it."""
        return {
            "format": 2,
            "task": self.task,
            "files": dict(self.files),
            "checks": dict(self.checks),
            "read": dict(self.read),
            "rows": {split: len(rows) for split, rows in self.rows.items()},
            "rows_per_label": self._rows_per_label(),
            "near_leaks": len(self.near_leaks),
            "findings": without_private(
                [asdict(finding) for finding in self.findings], self.find_personal
            ),
            "facts": without_private(dict(self.facts), self.find_personal),
            "quarantined": without_private(list(self.quarantined), self.find_personal),
        }

    def _rows_per_label(self) -> dict[str, dict[str, int]]:
        table = {label: dict.fromkeys(SPLITS, 0) for label in self.labels}
        for split, rows in self.rows.items():
            for label in (label for row in rows for label in row.classes):
                if label in table:
                    table[label][split] += 1
        return table


def is_complete(folder: Path) -> bool:
    """Whether the folder was written: it only ever appears complete."""
    return (folder / REPORT).is_file()


def write_prepared(prepared: Prepared, folder: Path, *, writer: str) -> None:
    """Write the folder beside its place and rename it there, so that nobody sees half of it.

    Args:
        prepared: The content.
        folder: Where it goes; when somebody else put the same there first, theirs stays.
        writer: Name of who writes, unique per job: a job that was killed and started again
            removes what it left, and no other job's.
    """
    temporary = folder.with_name(f".{folder.name}.{writer}")
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir(parents=True)
    try:
        for split, rows in prepared.rows.items():
            _write_rows(temporary / f"{split}.jsonl", _lines(prepared, split, rows))
        _write_json(temporary / LABELS, prepared.labels)
        _write_json(temporary / REPORT, prepared.report)
        _move(temporary, folder)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def keep_report(prepared: Prepared, path: Path) -> None:
    """Write the report alone: of rows that did not pass, nothing else is to be read."""
    _write_json(path, prepared.report)


def read_prepared(folder: Path, split: str) -> list[dict[str, Any]]:
    """Read the rows of one split of a prepared folder, as they were written."""
    with (folder / f"{split}.jsonl").open(encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def read_report(folder: Path) -> dict[str, Any]:
    """Read a prepared folder's data report."""
    report: dict[str, Any] = json.loads((folder / REPORT).read_text(encoding="utf-8"))
    return report


def _lines(prepared: Prepared, split: str, rows: Sequence[Row]) -> Iterator[dict[str, Any]]:
    names = ("text", "label") if prepared.task == CLASSIFICATION else ("prompt", "completion")
    for row in rows:
        line: dict[str, Any] = {"row": row.number, names[0]: row.text}
        line |= {names[1]: row.target} if row.labels is None else {"labels": list(row.labels)}
        if row.messages:
            line["messages"] = row.messages
        line["slices"] = dict(row.slices)
        if split == "test" and row.number in prepared.near_leaks:
            line["near_leak"] = True
        yield line


def _write_rows(path: Path, lines: Iterator[Mapping[str, Any]]) -> None:
    with path.open("w", encoding="utf-8", newline="\n") as file:
        for line in lines:
            file.write(json.dumps(line, ensure_ascii=False) + "\n")
        file.flush()
        os.fsync(file.fileno())


def _write_json(path: Path, value: object) -> None:
    with path.open("w", encoding="utf-8") as file:
        json.dump(value, file, ensure_ascii=False, indent=1)
        file.flush()
        os.fsync(file.fileno())


def _move(temporary: Path, folder: Path) -> None:
    if not is_complete(folder):
        # Only ever left by a person's hand: the rename below makes it whole or absent.
        shutil.rmtree(folder, ignore_errors=True)
    try:
        temporary.rename(folder)
    except OSError:
        if not is_complete(folder):
            raise
